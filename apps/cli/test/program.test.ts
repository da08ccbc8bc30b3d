import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../src/program.ts";

const names = createProgram().commands.map((command) => command.name());

async function helpOf(name: string): Promise<string> {
  const program = createProgram();
  let help = "";
  for (const command of program.commands) command.configureOutput({ writeOut: (text) => (help += text) });
  try {
    await program.parseAsync(["node", "holdfast", name, "--help"]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
  return help;
}

describe("the program", () => {
  it("has every command", () => {
    const onSessions = ["send", "events", "sessions", "inspect", "explain", "interrupt", "dead-letters"];
    const onWork = ["status", "operations", "deliveries", "deliver", "schedules", "resume", "stream"];
    const verbs = ["retire", "recycle", "reset", "recover", "stop", "destroy"];

    expect(names).toEqual(
      expect.arrayContaining([...onSessions, ...onWork, ...verbs, "dev", "replay", "demo", "doctor"]),
    );
  });

  it.each(names)("shows an example in the help of %s", async (name) => {
    expect(await helpOf(name)).toMatch(new RegExp(`\\nExamples?:\\n {2}\\$ holdfast ${name}`));
  });
});
