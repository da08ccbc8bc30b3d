import type { Command } from "commander";
import type { RunId } from "holdfast";
import { withCommonOptions, withExamples } from "../connection/options.ts";
import { once } from "../connection/request-id.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { type ControlOptions, showReport, withDryRun, withRequestId } from "./control.ts";

interface InterruptOptions extends ControlOptions {
  readonly run?: string;
}

/** `holdfast interrupt` */
export function registerInterrupt(program: Command): void {
  const command = program
    .command("interrupt")
    .description("end the run a session is at; what is queued goes on")
    .argument("<session>", "id of the session")
    .option("--run <id>", "only if this is the current run");
  withExamples(withDryRun(withRequestId(withCommonOptions(command))), "holdfast interrupt chat/42");
  command.action(async (session: string, options: InterruptOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const { ref } = holdfast.session(session);
      const run = options.run === undefined ? {} : { runId: options.run as RunId };
      const report = await once({ name: "--request-id", given: options.requestId }, (requestId) =>
        holdfast.runtime.interruptCurrentRun(ref, { requestId, ...run, dryRun: options.dryRun === true }),
      );
      showReport(session, report, options);
    });
  });
}
