import {
  type Ack,
  AppError,
  type Boundary,
  type BoundaryRef,
  type ClaimId,
  type FailureReport,
  type InputId,
  type InputStatus,
  isoOf,
  type Receipt,
  type ReceiptResult,
  type RunId,
  type SessionRef,
} from "@holdfast/contracts";
import { decodePolicy, type EndedInput, GENESIS_DIGEST, INPUT_TABLE, outcomeOf } from "@holdfast/domain";
import {
  type Archive,
  type InputRecord,
  numbersOf,
  type Page,
  type PageQuery,
  pageOf,
  type StoredEvent,
} from "@holdfast/runtime";
import { FIELD } from "../layout/fields.ts";
import { decodePayload } from "../layout/payload.ts";
import { decodeRow, HEAD, RECEIPT, RECORD, type Row, RUN } from "../layout/rows.ts";
import { listOf } from "../ledger/replies.ts";
import type { ArchiveOptions } from "./archive-options.ts";
import { decodeEvent } from "./decode-event.ts";
import { explainFacts } from "./explain-facts.ts";

/** Reads of the ledger on Redis. */
export function createRedisArchive(options: ArchiveOptions): Archive {
  return {
    findInput: (ref, inputId) => findInput(options, ref, inputId),
    listInputs: (ref, query) => listInputs(options, ref, query),
    findReceipt: (ref, boundary) => findReceipt(options, ref, boundary),
    listReceipts: (ref, query) => listReceipts(options, ref, query),
    listEvents: (ref, query) => listEvents(options, ref, query),
    findState: (ref) => findState(options, ref),
    explainFacts: (ref) => explainFacts(options, ref),
    listDeadLetters: (ref, query) => listDeadLetters(options, ref, query),
  };
}

/** The page that begins where something is left. */
function beyond({ after, limit }: PageQuery, trimmed: number): PageQuery {
  return { after: Math.max(after, trimmed), limit };
}

/** Fields of a session, `null` where there are none. */
export function readFields({ scripts, keys }: ArchiveOptions, ref: SessionRef, fields: readonly string[]) {
  if (fields.length === 0) return Promise.resolve([]);
  const { session } = keys.session(ref);
  return scripts.read((client) => client.hmgetBuffer(session, ...fields));
}

async function readHead(options: ArchiveOptions, ref: SessionRef): Promise<Row<typeof HEAD> | null> {
  const [head] = await readFields(options, ref, ["head"]);
  return head ? decodeRow(HEAD, head) : null;
}

async function listInputs(options: ArchiveOptions, ref: SessionRef, query: PageQuery): Promise<Page<InputRecord>> {
  const head = await readHead(options, ref);
  // What was trimmed is passed at once, unless something that lives stands among it.
  const trimmed = head === null || head.leftTo > head.leftFrom ? 0 : head.trimmedInputs;
  const numbers = numbersOf(beyond(query, trimmed), head?.admitted ?? 0);
  const payloads = await readFields(options, ref, numbers.map(FIELD.payload));
  const ids = payloads.flatMap((row) => (row === null ? [] : [decodePayload(row.toString()).inputId]));
  return inputPage(await readInputs(options, ref, ids), pageOf([], numbers, head?.admitted ?? 0));
}

async function listDeadLetters(options: ArchiveOptions, ref: SessionRef, query: PageQuery): Promise<Page<InputRecord>> {
  const head = await readHead(options, ref);
  const numbers = numbersOf(query, head?.deadLetters ?? 0);
  const rows = await readFields(options, ref, numbers.map(FIELD.deadLetter));
  const ids = rows.flatMap((row) => (row === null ? [] : [row.toString() as InputId]));
  return inputPage(await readInputs(options, ref, ids), pageOf([], numbers, head?.deadLetters ?? 0));
}

/** What was read of some inputs: one that cannot be read keeps nobody from the others. */
interface ReadInputs {
  readonly records: readonly InputRecord[];
  readonly corrupt: readonly InputId[];
}

function inputPage({ records, corrupt }: ReadInputs, { next }: Page<never>): Page<InputRecord> {
  return { items: records, next, ...(corrupt.length === 0 ? {} : { corrupt }) };
}

/** One input, or `null`. @throws store.corrupt */
export async function findInput(
  options: ArchiveOptions,
  ref: SessionRef,
  inputId: InputId,
  heads: readonly HeadField[] = ["head"],
): Promise<InputRecord | null> {
  const { records, corrupt } = await readInputs(options, ref, [inputId], heads);
  if (corrupt.length === 0) return records[0] ?? null;
  throw new AppError("store.corrupt", { message: `the row of input ${inputId} cannot be read`, details: { inputId } });
}

/** Where a session stands; put away when it is unregistered. */
type HeadField = "head" | "away";

/** Records with everything their outcomes need; ids without a record are left out. */
export async function readInputs(
  options: ArchiveOptions,
  ref: SessionRef,
  ids: readonly InputId[],
  heads: readonly HeadField[] = ["head"],
): Promise<ReadInputs> {
  const fields = ids.length === 0 ? [] : await readFields(options, ref, [...heads, ...ids.map(FIELD.input)]);
  const stored = fields.slice(0, heads.length).find((head) => head !== null);
  const rows = fields.slice(heads.length);
  if (!stored) return { records: [], corrupt: [] };
  const generation = decodeRow(HEAD, stored).generation;
  const records: { readonly inputId: InputId; readonly row: Row<typeof RECORD> }[] = [];
  const corrupt: InputId[] = [];
  rows.forEach((raw, index) => {
    const inputId = ids[index] as InputId;
    const row = raw === null ? null : tryRecord(raw);
    if (row === undefined) corrupt.push(inputId);
    else if (row !== null) records.push({ inputId, row });
  });
  const facts = await readFields(
    options,
    ref,
    records.flatMap(({ row }) => [
      FIELD.payload(row.admission),
      FIELD.receipt(row.position),
      FIELD.output(row.position),
      FIELD.failure(row.admission),
      FIELD.generation(row.generation),
    ]),
  );
  const read = records.map(({ inputId, row }, index) => {
    return toInputRecord({ inputId, row, generation, facts: facts.slice(index * 5, index * 5 + 5) });
  });
  return { records: read, corrupt };
}

/** An input's row, or `undefined` for bytes that are none: whatever they unpack to, no input was ever written so. */
function tryRecord(raw: Buffer): Row<typeof RECORD> | undefined {
  try {
    const row = decodeRow(RECORD, raw);
    decodePolicy(row.policy);
    return INPUT_TABLE.states.includes(row.status) && row.admission > 0 ? row : undefined;
  } catch {
    return undefined; // What cannot be read is told by its id.
  }
}

interface StoredInput {
  readonly inputId: InputId;
  readonly row: Row<typeof RECORD>;
  /** The session's generation. */
  readonly generation: number;
  /** Payload, receipt, output, failure, and why the generation ended. */
  readonly facts: readonly (Buffer | null)[];
}

function toInputRecord(stored: StoredInput): InputRecord {
  const { inputId, row, facts } = stored;
  const [payload, receipt] = facts;
  const ended = endOf(stored);
  const runId = receipt ? decodeRow(RECEIPT, receipt).runId : row.runId;
  return {
    inputId,
    admission: row.admission,
    status: ended.status,
    policy: decodePolicy(row.policy),
    attempts: row.attempts,
    failures: row.failures,
    losses: row.losses,
    runId: runId === "" ? null : (runId as RunId),
    notBeforeAt: row.notBeforeAt,
    admittedAt: row.admittedAt,
    changedAt: row.admittedAt + row.changedAfterMs,
    cursor: row.cursor,
    redriveOf: row.redriveOf === "" ? null : (row.redriveOf as InputId),
    redrivenBy: row.redrivenBy === "" ? null : (row.redrivenBy as InputId),
    failure: ended.failure ?? null,
    outcome: outcomeOf(ended),
    payload: payload ? decodePayload(payload.toString()).payload : "",
  };
}

/** How an input ended, if it did: one of an ended generation is abandoned for every reader before its row says so. */
function endOf({ row, generation, facts }: StoredInput): EndedInput {
  const [, receiptRow, output, failureRow, endReason] = facts;
  const isEnded = row.generation < generation && !INPUT_TABLE.finalStates.includes(row.status);
  const receipt = receiptRow ? decodeRow(RECEIPT, receiptRow) : null;
  return {
    status: isEnded ? "abandoned" : (row.status as InputStatus),
    detail: isEnded ? String(endReason ?? "") : row.detail,
    attempts: row.attempts,
    ...(receipt === null ? {} : { receipt: { runId: receipt.runId as RunId, position: row.position } }),
    ...(output ? { output: JSON.parse(output.toString()) as unknown } : {}),
    ...(failureRow ? { failure: JSON.parse(failureRow.toString()) as FailureReport } : {}),
  };
}

function toReceipt(position: number, row: Row<typeof RECEIPT>, context: { previousDigest: string; ack: Ack }): Receipt {
  return {
    runId: row.runId as RunId,
    sequence: row.sequence,
    position,
    boundary: row.boundary as Boundary,
    result: row.result as ReceiptResult,
    contributors: listOf(row.contributors) as InputId[],
    token: row.token,
    claimId: row.claimId as ClaimId,
    contentDigest: row.contentDigest,
    ...(row.conversationDigest === "" ? {} : { conversationDigest: row.conversationDigest }),
    messageCount: row.messageCount,
    previousDigest: context.previousDigest,
    digest: row.digest,
    generation: row.generation,
    committedAt: isoOf(row.committedAt),
    ack: context.ack,
  };
}

/** Receipts at consecutive positions, each chained to the one before it. */
async function readReceipts(
  options: ArchiveOptions,
  ref: SessionRef,
  positions: readonly number[],
): Promise<Receipt[]> {
  const first = positions[0];
  if (first === undefined) return [];
  const rows = await readFields(options, ref, [first - 1, ...positions].map(FIELD.receipt));
  const decoded = rows.map((row) => (row === null ? null : decodeRow(RECEIPT, row)));
  return positions.flatMap((position, index) => {
    const row = decoded[index + 1];
    const previousDigest = decoded[index]?.digest ?? GENESIS_DIGEST;
    return row == null ? [] : [toReceipt(position, row, { previousDigest, ack: options.ack() })];
  });
}

async function findReceipt(options: ArchiveOptions, ref: SessionRef, { runId, sequence }: BoundaryRef) {
  const [run] = await readFields(options, ref, [FIELD.run(runId)]);
  const position = run ? Number(listOf(decodeRow(RUN, run).positions)[sequence - 1] ?? 0) : 0;
  return position === 0 ? null : ((await readReceipts(options, ref, [position]))[0] ?? null);
}

async function listReceipts(options: ArchiveOptions, ref: SessionRef, query: PageQuery): Promise<Page<Receipt>> {
  const head = await readHead(options, ref);
  const last = head?.position ?? 0;
  const numbers = numbersOf(beyond(query, head?.trimmedReceipts ?? 0), last);
  return pageOf(await readReceipts(options, ref, numbers), numbers, last);
}

async function listEvents(options: ArchiveOptions, ref: SessionRef, query: PageQuery): Promise<Page<StoredEvent>> {
  const [current, away] = await readFields(options, ref, ["head", "away"]);
  const head = current ?? away;
  const { cursor: last, trimmedEvents } = head ? decodeRow(HEAD, head) : { cursor: 0, trimmedEvents: 0 };
  const numbers = numbersOf(beyond(query, trimmedEvents), last);
  const rows = await readFields(options, ref, numbers.map(FIELD.event));
  const events = rows.flatMap((row, index) =>
    row === null ? [] : [decodeEvent(numbers[index] as number, row.toString())],
  );
  return pageOf(events, numbers, last);
}

async function findState(options: ArchiveOptions, ref: SessionRef) {
  const [head, state] = await readFields(options, ref, ["head", "state"]);
  return head ? { state: state?.toString() ?? null, position: decodeRow(HEAD, head).position } : null;
}
