import type { Command } from "commander";
import type { Verification } from "holdfast";
import { type CommonOptions, withCommonOptions, withExamples } from "../connection/options.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { paint, printJson, printLine, stdout } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

/** `holdfast verify` */
export function registerVerify(program: Command): void {
  const command = program
    .command("verify")
    .description("hold the receipts, inputs and state of a session against each other; fails if something does not fit")
    .argument("<session>", "id of the session");
  withExamples(withCommonOptions(command), "holdfast verify chat/42");
  command.action(async (session: string, options: CommonOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const verification = await holdfast.runtime.verifySession(holdfast.session(session).ref);
      if (options.json) printJson({ sessionId: session, ...verification });
      else show(session, verification);
      if (!verification.isSound) process.exitCode = 1;
    });
  });
}

function show(session: string, { isSound, receipts, inputs, faults }: Verification): void {
  const verdict = isSound ? paint(stdout, "good", "sound") : paint(stdout, "bad", "not sound");
  printLine(`${verdict} ${printable(session)}: ${receipts} receipts, ${inputs} inputs`);
  for (const { kind, ...where } of faults) {
    const places = Object.entries(where).map(([name, value]) => `${name} ${String(value)}`);
    printLine(`  ${kind}  ${printable(places.join(", "))}`);
  }
}
