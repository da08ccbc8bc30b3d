import type { Command } from "commander";
import type { UnregisterReport } from "holdfast";
import { type CommonOptions, withCommonOptions, withExamples } from "../connection/options.ts";
import { once } from "../connection/request-id.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { paint, printJson, printLine, stderr, stdout } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";
import { withRequestId } from "./control.ts";

interface UnregisterOptions extends CommonOptions {
  readonly requestId?: string;
  readonly force?: boolean;
}

/** `holdfast unregister` */
export function registerUnregister(program: Command): void {
  const command = program
    .command("unregister")
    .description("remove a session: waits for its run, ends what is left, and keeps its ledger")
    .argument("<session>", "id of the session")
    .option("--force", "end a run in progress instead of waiting for it");
  withExamples(
    withRequestId(withCommonOptions(command)),
    "holdfast unregister chat/42",
    "holdfast unregister chat/42 --force",
  );
  command.action(async (session: string, options: UnregisterOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const { ref } = holdfast.session(session);
      if (options.force !== true && !options.json) stderr.write("waiting for what the session still owes\n");
      const report = await once({ name: "--request-id", given: options.requestId }, (requestId) =>
        holdfast.runtime.unregisterSession(ref, { requestId, force: options.force === true }),
      );
      if (options.json) printJson({ sessionId: session, ...report });
      else show(session, report);
    });
  });
}

function show(session: string, { wasRegistered, inputsAbandoned, abortedRunId }: UnregisterReport): void {
  if (!wasRegistered) return printLine(`${printable(session)} was not registered`);
  const aborted = abortedRunId === undefined ? "" : `, ${abortedRunId} ended by force`;
  printLine(`${paint(stdout, "good", "unregistered")} ${printable(session)}: ${inputsAbandoned} abandoned${aborted}`);
}
