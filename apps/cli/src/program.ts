import { readFileSync } from "node:fs";
import { Command } from "commander";
import { environmentHelp, VARIABLES_OF } from "holdfast/process";
import { registerControl } from "./commands/control.ts";
import { registerDeadLetters } from "./commands/dead-letters.ts";
import { registerDeliver } from "./commands/deliver.ts";
import { registerDemo } from "./commands/demo.ts";
import { registerDev } from "./commands/dev.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerEvents } from "./commands/events.ts";
import { registerExplain } from "./commands/explain.ts";
import { registerInspect } from "./commands/inspect.ts";
import { registerInterrupt } from "./commands/interrupt.ts";
import { registerRegister } from "./commands/register.ts";
import { registerReplay } from "./commands/replay.ts";
import { registerResume } from "./commands/resume.ts";
import { registerSchedules } from "./commands/schedules.ts";
import { registerSend } from "./commands/send.ts";
import { registerSessions } from "./commands/sessions.ts";
import { registerStanding } from "./commands/standing.ts";
import { registerStream } from "./commands/stream.ts";
import { registerUnregister } from "./commands/unregister.ts";
import { registerVerify } from "./commands/verify.ts";
import { paint, stderr } from "./terminal/terminal.ts";

/** The `holdfast` command with everything it can do. */
export function createProgram(): Command {
  const program = new Command("holdfast")
    .description("durable sessions on Redis")
    .version(ownVersion())
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(usageError(text)) })
    .addHelpText("after", `\n${environmentHelp(VARIABLES_OF.cli)}`)
    .showHelpAfterError("hint: --help after the command shows what it takes");
  for (const register of [
    registerDev,
    registerSend,
    registerEvents,
    registerStream,
    registerSessions,
    registerInspect,
    registerExplain,
    registerStanding,
    registerRegister,
    registerControl,
    registerUnregister,
    registerVerify,
    registerInterrupt,
    registerResume,
    registerSchedules,
    registerDeliver,
    registerDeadLetters,
    registerReplay,
    registerDemo,
    registerDoctor,
  ]) {
    register(program);
  }
  return program;
}

function usageError(text: string): string {
  const message = text
    .replace(/^error: /, "")
    .trim()
    .replaceAll("\n", " ");
  return `${paint(stderr, "bad", "error[usage]")}: ${message}\n`;
}

function ownVersion(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
