import { type Command, InvalidArgumentError } from "commander";
import { AppError, type ControlReport, type ControlVerb, type Holdfast, Label, type LabelledResult } from "holdfast";
import { type CommonOptions, withCommonOptions, withExamples } from "../connection/options.ts";
import { once } from "../connection/request-id.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { paint, printJson, printLine, stdout } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

export interface ControlOptions extends CommonOptions {
  readonly requestId?: string;
  readonly dryRun?: boolean;
  readonly label?: Label;
}

type Verb = Exclude<ControlVerb, "interrupt">;

const VERBS: readonly (readonly [verb: Verb, description: string])[] = [
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
    const command = program.command(verb).description(description).argument("[session]", "id of the session");
    command.option("--label <name=value>", "every session with this label instead of one", parseLabel);
    withExamples(
      withDryRun(withRequestId(withCommonOptions(command))),
      `holdfast ${verb} chat/42`,
      `holdfast ${verb} --label team=blue --dry-run`,
    );
    command.action(async (session: string | undefined, options: ControlOptions) => {
      await withHoldfast(options, (holdfast) => {
        if (options.label !== undefined) return giveByLabel(holdfast, verb, { label: options.label, session, options });
        if (session === undefined) throw new AppError("request.invalid", { message: "name a session or a --label" });
        return giveToOne(holdfast, verb, { session, options });
      });
    });
  }
}

/** Adds the name under which a command takes effect once. */
export function withRequestId(command: Command): Command {
  return command.option("--request-id <id>", "takes effect once under this id (default: a fresh one)");
}

/** Adds the rehearsal of a command. */
export function withDryRun(command: Command): Command {
  return command.option("--dry-run", "say what would happen, and do nothing");
}

/** A label as the command line has it. @throws for any other text */
export function parseLabel(text: string): Label {
  const parsed = Label.safeParse({ key: text.split("=", 1)[0], value: text.slice(text.indexOf("=") + 1) });
  if (text.includes("=") && parsed.success) return parsed.data;
  throw new InvalidArgumentError("is not of the form name=value");
}

async function giveToOne(
  holdfast: Holdfast,
  verb: Verb,
  { session, options }: { readonly session: string; readonly options: ControlOptions },
): Promise<void> {
  const { ref } = holdfast.session(session);
  const dryRun = options.dryRun === true;
  const report = await once({ name: "--request-id", given: options.requestId }, (requestId) =>
    holdfast.runtime.control(ref, { verb, requestId, dryRun }),
  );
  showReport(session, report, options);
}

async function giveByLabel(
  { runtime, tenantId }: Holdfast,
  verb: Verb,
  given: { readonly label: Label; readonly session: string | undefined; readonly options: ControlOptions },
): Promise<void> {
  const { label, session, options } = given;
  if (session !== undefined) {
    throw new AppError("request.invalid", { message: "name a session or a --label, not both" });
  }
  const dryRun = options.dryRun === true;
  const show = (result: LabelledResult) => {
    if (options.json) return printJson(result);
    if (result.kind === "applied") return showReport(result.sessionId, result.report, options);
    printLine(`${paint(stdout, "bad", "refused")} ${printable(result.sessionId)}: ${result.code}`);
  };
  const progress = await once({ name: "--request-id", given: options.requestId }, (requestId) =>
    runtime.controlByLabel({ tenantId, label, verb, requestId, dryRun }, show),
  );
  if (options.json) return printJson(progress);
  printLine(`${progress.applied} sessions ${dryRun ? "would take" : "took"} it, ${progress.refused} refused`);
}

/** Says what a verb did. */
export function showReport(session: string, report: ControlReport, options: ControlOptions): void {
  if (options.json) return printJson({ sessionId: session, ...report });
  const { verb, phaseBefore, phaseAfter } = report;
  const would = options.dryRun === true ? " (dry run)" : "";
  const phases = phaseBefore === phaseAfter ? phaseAfter : `${phaseBefore} -> ${phaseAfter}`;
  printLine(
    [`${paint(stdout, "good", verb)} ${printable(session)}: ${phases}${would}`, ...countsOf(report)].join(", "),
  );
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
