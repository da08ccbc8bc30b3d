import type { Command } from "commander";
import { AppError, type Holdfast, type Input, type Outcome, type Receipt, textOf } from "holdfast";
import { type CommonOptions, positiveInteger, withCommonOptions, withExamples } from "../connection/options.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { type Column, factLines, tableLines } from "../terminal/table.ts";
import { paint, printJson, printLine, stdout } from "../terminal/terminal.ts";
import { clip, printable } from "../terminal/text.ts";

interface InspectOptions extends CommonOptions {
  readonly limit: number;
}

type Inspection = Awaited<ReturnType<typeof inspect>>;
type InspectedInput = Inspection["inputs"][number];

const DEFAULT_LIMIT = 20;
const TEXT_COLUMNS = 60;
const STATE_INDENT = 13;

const INPUT_COLUMNS: readonly Column[] = [
  { title: "#", align: "right" },
  { title: "input" },
  { title: "kind" },
  { title: "status" },
  { title: "attempts", align: "right" },
  { title: "outcome" },
  { title: "text" },
];

const RECEIPT_COLUMNS: readonly Column[] = [
  { title: "#", align: "right" },
  { title: "run" },
  { title: "seq", align: "right" },
  { title: "result" },
  { title: "inputs", align: "right" },
  { title: "committed" },
  { title: "digest" },
];

/** `holdfast inspect` */
export function registerInspect(program: Command): void {
  const command = program
    .command("inspect")
    .description("show a session: its state, its last inputs and receipts, its dead letters")
    .argument("<session>", "id of the session")
    .option("--limit <count>", "show this many of each", positiveInteger, DEFAULT_LIMIT);
  withExamples(withCommonOptions(command), "holdfast inspect chat/42 --limit 5");
  command.action(async (session: string, options: InspectOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const inspection = await inspect(holdfast, session, options.limit);
      if (options.json) printJson(inspection);
      else show(inspection);
    });
  });
}

async function inspect(holdfast: Holdfast, sessionId: string, limit: number) {
  const { runtime } = holdfast;
  const { ref } = holdfast.session(sessionId);
  const session = await runtime.findSession(ref);
  if (session === null) throw new AppError("session.not_found");
  const lastOf = (count: number) => ({ after: Math.max(0, count - limit), limit });
  const [state, inputs, receipts, deadLetters] = await Promise.all([
    runtime.sessionState(ref),
    runtime.listInputs(ref, lastOf(session.admitted)),
    runtime.listReceipts(ref, lastOf(session.position)),
    runtime.listDeadLetters(ref, { after: 0, limit }),
  ]);
  const { ref: _ref, ...facts } = session;
  return {
    session: { sessionId, ...facts },
    state: state.state,
    inputs: inputs.items,
    receipts: receipts.items,
    deadLetters: deadLetters.items,
  };
}

function show({ session, state, inputs, receipts, deadLetters }: Inspection): void {
  const facts = factLines([
    ["session", printable(session.sessionId)],
    ["state", session.state],
    [
      "executor",
      session.binding === null ? "none" : `${session.binding.executor} (on failure: ${session.binding.onFailure})`,
    ],
    ["generation", String(session.generation)],
    ["inputs", `${session.admitted} admitted, ${session.queued} queued, ${session.scheduled} scheduled`],
    ["receipts", String(session.position)],
    ["events", String(session.cursor)],
    ["legal verbs", session.legalVerbs.join(", ") || "none"],
    ["holds", stateText(state)],
  ]);
  for (const line of facts) printLine(line);
  section("inputs", INPUT_COLUMNS, inputs.map(inputRow));
  section("receipts", RECEIPT_COLUMNS, receipts.map(receiptRow));
  section("dead letters", INPUT_COLUMNS, deadLetters.map(inputRow));
}

/** Whole where it goes into a file, as much as fits where somebody looks at it. */
function stateText(state: unknown): string {
  if (state === null) return "nothing yet";
  const text = printable(JSON.stringify(state));
  return stdout.isTty ? clip(text, stdout.columns - STATE_INDENT) : text;
}

function section(title: string, columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  if (rows.length === 0) return;
  printLine("");
  printLine(paint(stdout, "strong", title));
  for (const line of tableLines(columns, rows)) printLine(line);
}

function inputRow({ admission, inputId, input, status, attempts, outcome }: InspectedInput): string[] {
  const shown = clip(printable(summaryOf(input)), TEXT_COLUMNS);
  return [String(admission), inputId, input.kind, status, String(attempts), outcomeText(outcome), shown];
}

function receiptRow({ position, runId, sequence, result, contributors, committedAt, digest }: Receipt): string[] {
  const counts = String(contributors.length);
  return [String(position), runId, String(sequence), result, counts, committedAt, digest.slice(0, 12)];
}

function outcomeText(outcome: Outcome | null): string {
  if (outcome === null) return "-";
  return outcome.kind === "abandoned" ? `abandoned: ${outcome.failure?.code ?? outcome.reason}` : outcome.kind;
}

/** What an input says, with what tells it from others of its kind. */
function summaryOf(input: Input): string {
  if (input.kind === "external_event") return `${input.eventType} ${JSON.stringify(input.payload)}`;
  if (input.kind === "operation") return `${input.operationId} ${input.event.type}`;
  return textOf(input);
}
