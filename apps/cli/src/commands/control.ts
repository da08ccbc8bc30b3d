import type { Command } from "commander";
import type { ControlReport, ControlVerb } from "holdfast";
import { type CommonOptions, withCommonOptions, withExamples } from "../connection/options.ts";
import { once } from "../connection/request-id.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { paint, printJson, printLine, stdout } from "../terminal/terminal.ts";

export interface ControlOptions extends CommonOptions {
  readonly requestId?: string;
}

const VERBS: readonly (readonly [verb: Exclude<ControlVerb, "interrupt">, description: string])[] = [
  ["retire", "take no more inputs; what was admitted still runs"],
  ["recycle", "rebuild the session and take inputs again; what is queued is carried over"],
  ["reset", "end what is queued and take inputs again; state and receipts stay"],
  ["recover", "put back what a dead attempt left behind"],
  ["stop", "end the run and what is queued, and unbind; `holdfast register` revives the session"],
  ["destroy", "end the session for good"],
];

/** `holdfast retire`, `recycle`, `reset`, `recover`, `stop` and `destroy` */
export function registerControl(program: Command): void {
  for (const [verb, description] of VERBS) {
    const command = program.command(verb).description(description).argument("<session>", "id of the session");
    withExamples(withRequestId(withCommonOptions(command)), `holdfast ${verb} chat/42`);
    command.action(async (session: string, options: ControlOptions) => {
      await withHoldfast(options, async (holdfast) => {
        const { ref } = holdfast.session(session);
        const report = await once({ name: "--request-id", given: options.requestId }, (requestId) =>
          holdfast.runtime.control(ref, { verb, requestId }),
        );
        showReport(session, report, options);
      });
    });
  }
}

/** Adds the name under which a command takes effect once. */
export function withRequestId(command: Command): Command {
  return command.option("--request-id <id>", "takes effect once under this id (default: a fresh one)");
}

/** Says what a verb did. */
export function showReport(session: string, report: ControlReport, options: CommonOptions): void {
  if (options.json) return printJson({ sessionId: session, ...report });
  const { verb, phaseBefore, phaseAfter } = report;
  const phases = phaseBefore === phaseAfter ? phaseAfter : `${phaseBefore} -> ${phaseAfter}`;
  printLine([`${paint(stdout, "good", verb)} ${session}: ${phases}`, ...countsOf(report)].join(", "));
}

function countsOf(report: ControlReport): string[] {
  const counts: readonly (readonly [count: number, meaning: string])[] = [
    [report.inputsAbandoned, "abandoned"],
    [report.inputsPendingDrain, "left to drain"],
    [report.inputsTransferred, "carried over"],
    [report.inputsRecovered, "recovered"],
    [report.inputsRequeued, "put back"],
    [report.inputsDropped, "dropped"],
  ];
  const shown = counts.filter(([count]) => count > 0).map(([count, meaning]) => `${count} ${meaning}`);
  return report.abortedRunId === undefined ? shown : [...shown, `${report.abortedRunId} told to end`];
}
