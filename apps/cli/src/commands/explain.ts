import type { Command } from "commander";
import type { WaitsFor } from "holdfast";
import { type CommonOptions, withCommonOptions, withExamples } from "../connection/options.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { factLines } from "../terminal/table.ts";
import { printJson, printLine } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

/** `holdfast explain` */
export function registerExplain(program: Command): void {
  const command = program
    .command("explain")
    .description("say what a session waits for, and which verbs are legal")
    .argument("<session>", "id of the session");
  withExamples(withCommonOptions(command), "holdfast explain chat/42");
  command.action(async (session: string, options: CommonOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const explanation = await holdfast.runtime.explain(holdfast.session(session).ref);
      if (options.json) return printJson({ sessionId: session, ...explanation });
      printLine(printable(explanation.summary));
      printLine("");
      const { kind, ...facts } = explanation.waitsFor satisfies WaitsFor;
      const lines = factLines([
        ["state", explanation.state],
        ["waits for", kind],
        ...Object.entries(facts).map(([name, value]) => [`  ${name}`, printable(shown(value))] as const),
        ["legal verbs", explanation.legalVerbs.join(", ") || "none"],
      ]);
      for (const line of lines) printLine(line);
    });
  });
}

/** A fact on one line; what consists of parts as JSON. */
function shown(value: unknown): string {
  if (Array.isArray(value) && value.length === 0) return "none";
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
