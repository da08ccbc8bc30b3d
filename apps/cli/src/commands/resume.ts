import { type Command, InvalidArgumentError } from "commander";
import type { RunId } from "holdfast";
import { type CommonOptions, withCommonOptions, withExamples } from "../connection/options.ts";
import { once } from "../connection/request-id.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { paint, printJson, printLine, stdout } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";
import { withRequestId } from "./control.ts";

interface ResumeOptions extends CommonOptions {
  readonly requestId?: string;
  readonly value?: unknown;
}

/** `holdfast resume` */
export function registerResume(program: Command): void {
  const command = program
    .command("resume")
    .description("let a suspended run go on; `holdfast explain` says what it waits for")
    .argument("<session>", "id of the session")
    .argument("<run>", "id of the run")
    .option("--value <json>", "what the run finds as the value it waited for", parseJson);
  withExamples(
    withRequestId(withCommonOptions(command)),
    "holdfast resume chat/42 run_abcdefgh",
    `holdfast resume chat/42 run_abcdefgh --value '{"approved":true}'`,
  );
  command.action(async (session: string, run: string, { value, ...options }: ResumeOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const { ref } = holdfast.session(session);
      const runId = run as RunId;
      const given = value === undefined ? {} : { value };
      await once({ name: "--request-id", given: options.requestId }, (requestId) =>
        holdfast.runtime.resumeRun(ref, { runId, requestId, ...given }),
      );
      if (options.json) return printJson({ sessionId: session, runId });
      printLine(`${paint(stdout, "good", "resumed")} ${printable(session)}: ${printable(runId)} goes on`);
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InvalidArgumentError(`It must be JSON: a text stands in double quotes, as in '"yes"'.`);
  }
}
