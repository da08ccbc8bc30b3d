import { type Command, Option } from "commander";
import type { RunId } from "holdfast";
import { withCommonOptions, withExamples } from "../connection/options.ts";
import { once } from "../connection/request-id.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { type ControlOptions, showReport, withDryRun, withRequestId } from "./control.ts";

interface InterruptOptions extends ControlOptions {
  readonly run?: string;
  readonly at?: "now" | "boundary";
  readonly rollback?: boolean;
}

/** `holdfast interrupt` */
export function registerInterrupt(program: Command): void {
  const command = program
    .command("interrupt")
    .description("end the run a session is at; what is queued goes on")
    .argument("<session>", "id of the session")
    .option("--run <id>", "only if this is the current run")
    .addOption(new Option("--at <when>", "at its next boundary it commits that first").choices(["now", "boundary"]))
    .option("--rollback", "it leaves neither receipt nor state, but for boundaries it has committed");
  withExamples(
    withDryRun(withRequestId(withCommonOptions(command))),
    "holdfast interrupt chat/42",
    "holdfast interrupt chat/42 --at boundary",
    "holdfast interrupt chat/42 --rollback",
  );
  command.action(async (session: string, options: InterruptOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const { ref } = holdfast.session(session);
      const run = options.run === undefined ? {} : { runId: options.run as RunId };
      const how = { ...(options.at === undefined ? {} : { at: options.at }), isRolledBack: options.rollback === true };
      const report = await once({ name: "--request-id", given: options.requestId }, (requestId) =>
        holdfast.runtime.interruptCurrentRun(ref, { requestId, ...run, ...how, dryRun: options.dryRun === true }),
      );
      showReport(session, report, options);
    });
  });
}
