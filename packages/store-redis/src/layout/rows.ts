/**
 * The rows a session is stored in, field by field, once.
 *
 * A row is one hash field whose value is its columns as consecutive MessagePack
 * values: packing is four times as fast as text inside a script. Inside scripts a
 * row is a list; the names of its columns are replaced by their places when the
 * library is made, and TypeScript decodes by the same tables, so the two cannot
 * disagree. `n` is a number, `t` a text, `b` a flag.
 */
import { Unpackr } from "msgpackr";

/** Type of a column. */
export type ColumnType = "n" | "t" | "b";

/** Columns of a row in stored order; append only. */
export type RowLayout = Readonly<Record<string, ColumnType>>;

/** Field `head`: where the session stands. */
export const HEAD = {
  phase: "t",
  generation: "n",
  settingsRevision: "n",
  executor: "t",
  isHeld: "b",
  admitted: "n",
  wokenThrough: "n",
  queued: "n",
  waking: "n",
  scheduled: "n",
  steerHead: "n",
  steerTail: "n",
  queueHead: "n",
  queueTail: "n",
  epoch: "n",
  sweeps: "n",
  warmNode: "t",
  warmUntil: "n",
  position: "n",
  digest: "t",
  cursor: "n",
  deadLetters: "n",
  choresHead: "n",
  choresTail: "n",
  isUnhosted: "b",
  /** Ephemeral and derived inputs that are queued or wait for a time. */
  passing: "n",
  /** Range of versions of the executor, encoded as a column; empty for any. */
  versions: "t",
  /** Inputs that end at a time unless they are staged before it. */
  expiring: "n",
  /** No input that waits for a time has a place before this one; says nothing while none waits. */
  waitingFrom: "n",
  /** Dead letters that nobody has redriven or discarded. */
  openLetters: "n",
  /** Detached work has ended since the session was last woken for it. */
  isOwing: "b",
  /** Up to which events, admissions and receipts were trimmed; the last receipt that was stays as a row. */
  trimmedEvents: "n",
  trimmedInputs: "n",
  trimmedReceipts: "n",
  /** The ring of inputs that were passed because they lived. */
  leftFrom: "n",
  leftTo: "n",
  /** Inputs of runs that lie in the run table until they go on. */
  parked: "n",
  /** Entries of the lanes that stand for such a run. */
  continued: "n",
  /** Runs that go on at a time. */
  timers: "n",
  /** The ring of parked runs: places after the first, up to the second. */
  parkHead: "n",
  parkTail: "n",
  /** Runs that are suspended on an operation. */
  awaiting: "n",
  /** When somebody must look whether the processes of operations are still heard of; 0 while no run waits for one. */
  lookAt: "n",
} as const satisfies RowLayout;

/** Field `hold`: the staged run and who holds it; empty at rest. */
export const HOLD = {
  runId: "t",
  attempt: "n",
  sequence: "n",
  token: "n",
  claimId: "t",
  node: "t",
  leaseUntil: "n",
  stagedAt: "n",
  /** How the run was asked to end; empty while nobody did. */
  cancelMode: "t",
  boundary: "t",
  journal: "n",
  /** Input ids joined by commas, in order. */
  staged: "t",
  /** Length of the lease, as its holder has it: processes need not agree about it. */
  leaseMs: "n",
  /** Cursor of the fact that the attempt was started. */
  startedCursor: "n",
  /** Somebody must look at the session by then, although its lease is renewed; 0 for never. */
  lookAt: "n",
  /** The run is taken up again as a whole: a boundary of it is committed, or inputs have joined it. */
  isSteered: "b",
  /** Inputs of its committed boundaries, joined by commas. */
  applied: "t",
  /** Calls of the checkpoint script, what the last one said, and what it took. */
  calls: "n",
  callDigest: "t",
  taken: "t",
  /** When something was last seen of the run; 0 for not since its staging. */
  progressAt: "n",
  /** When it was noted that nothing was seen for long; 0 while it was not. */
  stalledAt: "n",
  /** An input asked for attention since the inbox was looked into. */
  isAttentionAsked: "b",
  /** The run has written into its stream. */
  isStreamed: "b",
} as const satisfies RowLayout;

/** Field `i<inputId>`: one input without its payload. */
export const RECORD = {
  admission: "n",
  fingerprint: "t",
  status: "t",
  /** The decision taken at admission, in the code of `domain`. */
  policy: "t",
  isPrompt: "b",
  isEphemeral: "b",
  isSolo: "b",
  /** Wakes a session at rest; a silent input waits for another's wake. */
  isWaking: "b",
  /** Waits for its time outside the lane. */
  isWaiting: "b",
  /** `s` or `q`. */
  lane: "t",
  place: "n",
  boundary: "t",
  runId: "t",
  attempts: "n",
  failures: "n",
  losses: "n",
  notBeforeAt: "n",
  generation: "n",
  /** Processes that wait for the outcome, joined by commas. */
  nodes: "t",
  /** Receipt that consumed or cancelled it. */
  position: "n",
  /** Successor of a displaced input, reason of an abandoned one. */
  detail: "t",
  admittedAt: "n",
  /** Cursor of the fact that it was admitted. */
  cursor: "n",
  /** As its sender named it, percent-encoded; empty for none. */
  correlationId: "t",
  /** Milliseconds from its admission to its latest change. */
  changedAfterMs: "n",
  /** Place of its kind among the kinds, from 1. */
  kind: "n",
  /** It ends then unless it was staged; 0 for never, and once it was. */
  expiresAt: "n",
  /** When the first of its debounced series came; 0 outside of one. */
  debouncedAt: "n",
  /** Its number among the dead letters while it is one of them; 0 for none. */
  letter: "n",
  /** The dead letter it was made of, and what was made of it. */
  redriveOf: "t",
  redrivenBy: "t",
  /** It tells the session of detached work that ended; dropped, it must be told again. */
  isTelling: "b",
  /** Id that its key derives, where its own is another; empty otherwise. */
  keyedId: "t",
} as const satisfies RowLayout;

/**
 * Fields `s<place>` and `q<place>`: an entry of a lane, with what batch selection goes by. Without an input it
 * stands for its run, which goes on.
 */
export const ENTRY = {
  inputId: "t",
  admission: "n",
  isPrompt: "b",
  isSolo: "b",
  boundary: "t",
  runId: "t",
  notBeforeAt: "n",
} as const satisfies RowLayout;

/** Field `r<position>`: a receipt. Its previous digest is that of the receipt before. */
export const RECEIPT = {
  runId: "t",
  sequence: "n",
  boundary: "t",
  result: "t",
  contributors: "t",
  token: "n",
  claimId: "t",
  generation: "n",
  committedAt: "n",
  contentDigest: "t",
  conversationDigest: "t",
  messageCount: "n",
  digest: "t",
} as const satisfies RowLayout;

/** Field `u<runId>`: a run whose first attempt has ended. */
export const RUN = {
  status: "t",
  attempts: "n",
  journal: "n",
  /** Boundaries committed. */
  sequence: "n",
  /** Positions of its receipts, joined by commas, in order. */
  positions: "t",
  /** Inputs of the latest attempt, joined by commas, unless a receipt names them. */
  inputs: "t",
  /** While it is parked: its inputs without and with a committed boundary, joined by commas, in order. */
  staged: "t",
  applied: "t",
  boundary: "t",
  /** The lane it goes on in. */
  lane: "t",
  /** Its place in the ring of parked runs; 0 while it is not parked. */
  place: "n",
  generation: "n",
  /** When it goes on by itself; 0 for not by itself. */
  timerAt: "n",
  /** What it is suspended on, as JSON; empty when it is not. */
  suspension: "t",
  /** It has written into its stream, which may be kept no longer. */
  isStreamed: "b",
} as const satisfies RowLayout;

/** Field `last`: the latest settlement, to recognise its repetition. */
export const LAST = {
  boundaryId: "t",
  settlementDigest: "t",
  position: "n",
  committedAt: "n",
  cursor: "n",
  /** Token of the batch staged in the same call; 0 for none. */
  nextToken: "n",
  /** Every input that ended, with who waited for it: `<id>:<node>,<node>;`. */
  ended: "t",
} as const satisfies RowLayout;

/** Field `x<number>`: bounded work a script left behind. */
export const CHORE = {
  /**
   * `end` (inputs of an ended generation), `drop` (inputs that need not survive), `journal` (steps of an ended
   * run), `operations` (an ended life of the registry), `purge` (a destroyed session), `replace` (inputs that a newer
   * one takes the place of), `strip` (operations of processes that are gone), `resume` (runs suspended on an operation
   * that ended).
   */
  kind: "t",
  generation: "n",
  reason: "t",
  steerFrom: "n",
  steerTo: "n",
  queueFrom: "n",
  queueTo: "n",
  scheduled: "n",
  staged: "t",
  runId: "t",
  from: "n",
  to: "n",
  /** Where a scan goes on. */
  cursor: "t",
  /** Cursor of the fact that the work follows from. */
  cause: "n",
  /** `replace`: the input that takes the place of others, and their kind. */
  successor: "t",
  inputKind: "n",
  /** Ended life of the registry, and how many of its operations were in progress. */
  life: "n",
  slots: "n",
  /** The wait that ended with it. */
  waitId: "t",
  waitNode: "t",
  /** Parked runs of the generation: places after the first, up to the second. */
  parkFrom: "n",
  parkTo: "n",
  /** `resume`: the operation that ended. */
  operationId: "t",
} as const satisfies RowLayout;

/** Field `z<requestId>`: what a control command did, for its repetition. */
export const REPORT = {
  verb: "t",
  phaseBefore: "t",
  phaseAfter: "t",
  inputsAbandoned: "n",
  inputsPendingDrain: "n",
  inputsTransferred: "n",
  inputsRecovered: "n",
  inputsRequeued: "n",
  abortedRunId: "t",
  inputsDropped: "n",
} as const satisfies RowLayout;

/** Field `drain`: which process drains the peer inbox, and what outlives it. */
export const DRAIN = {
  isKeepAlive: "b",
  /** Generations below this one are dismissed. */
  dismissedBefore: "n",
  /** Empty when nobody drains. */
  drainId: "t",
  node: "t",
  leaseUntil: "n",
  leaseMs: "n",
} as const satisfies RowLayout;

/** Field `authority` of a delivery inbox: what there is in it. */
export const INBOX = {
  /** 1. */
  version: "n",
  /** Sequence of the last delivery that was committed. */
  committed: "n",
  /** Sequence of the last one that was applied. */
  applied: "n",
  /** Sequence of the last one whose payload was let go. */
  trimmed: "n",
} as const satisfies RowLayout;

/** Field `i<deliveryId>` of a delivery inbox: what identifies a delivery. */
export const DELIVERY = {
  sequence: "n",
  sourceSequence: "n",
  digest: "t",
  /** JSON; empty while it is pending. */
  disposition: "t",
} as const satisfies RowLayout;

/** Fields `leave` and `w<requestId>`: an unregistration under way; one that is over, for its repetition. */
export const LEAVE = {
  requestId: "t",
  phaseBefore: "t",
  since: "n",
  loop: "t",
  drain: "t",
  waiters: "t",
  inputsAbandoned: "n",
  abortedRunId: "t",
} as const satisfies RowLayout;

/** Field `bh`: the registry of background operations. */
export const REGISTRY = {
  /** Counts the ended lives; fields of operations carry it, so that what is being removed is in nobody's way. */
  life: "n",
  /** Empty until somebody opens the registry in this life. */
  epochId: "t",
  /** Operations in progress. */
  active: "n",
  /** Operations ever registered. */
  registered: "n",
  /** Completions so far: the sequence of the last one. */
  watermark: "n",
  /** The last completion that the session is woken for. */
  wakingThrough: "n",
  droppedThrough: "n",
  /** Ended operations that are kept. */
  retained: "n",
  /** The oldest completion whose operation may be kept, and one before it that was passed because it is waited for. */
  evictFrom: "n",
  passedFrom: "n",
  agentApplied: "n",
  runtimeObserved: "n",
  runtimeLastInjected: "n",
  /** How often the session was told. */
  tellings: "n",
  /** Processes with operations in progress: `node:until:count,…` */
  owners: "t",
  /** The wait for several operations; empty for none. */
  waitId: "t",
  waitNode: "t",
  waitUntil: "n",
  /** Operations it names, how many of them are known to it, and how many of those are in progress. */
  waitTotal: "n",
  waitSeen: "n",
  waitLeft: "n",
} as const satisfies RowLayout;

/** Field `b<life>.o<operationId>`: an operation. */
export const OPERATION = {
  status: "t",
  kind: "t",
  displayName: "t",
  childSessionId: "t",
  /** JSON; empty for none. */
  peerHandle: "t",
  isPeerReady: "b",
  progressCount: "n",
  owner: "t",
  /** Processes that wait for its end: `node:count,…` */
  watchers: "t",
  /** The wait that names it. */
  waitId: "t",
  /** Ids of the latest requests, to recognise their repetition, joined by commas. */
  requests: "t",
  /** In order of registration. */
  number: "n",
  /** Its place among those in progress; 0 for none. */
  slot: "n",
  /** Its completion; 0 for none. */
  seq: "n",
  createdAt: "n",
  startedAt: "n",
  completedAt: "n",
  /** Runs that are suspended on it, joined by commas. */
  runs: "t",
} as const satisfies RowLayout;

/** Field `b<life>.f<seq>`: an entry of the completion feed. */
export const COMPLETION = {
  operationId: "t",
  kind: "t",
  displayName: "t",
  /** JSON. */
  outcome: "t",
  completedAt: "n",
} as const satisfies RowLayout;

/** Field `streams`: which streams a session keeps. */
export const STREAMS = {
  /** Places of those that are kept: after the first, up to the second. */
  front: "n",
  back: "n",
  /** Of all of their parts. */
  bytes: "n",
} as const satisfies RowLayout;

/** Field `l<runId>`: the stream of a run. */
export const STREAM = {
  /** The place it was given first; its parts are named by it. */
  number: "n",
  /** Offset of the last part. */
  offset: "n",
  /** Offset that the last boundary of the run stands at: what comes after it is withdrawn when the run starts over. */
  standing: "n",
  /** Offset after which the parts of the current attempt come. */
  start: "n",
  bytes: "n",
  /** A chunk was refused. */
  isFull: "b",
  /** How the run ended; empty while it goes on. */
  status: "t",
  /** Offset up to which parts were removed. */
  trimmed: "n",
} as const satisfies RowLayout;

/** Every row, by the name its Lua codec carries. */
export const ROWS = {
  head: HEAD,
  hold: HOLD,
  record: RECORD,
  entry: ENTRY,
  receipt: RECEIPT,
  run: RUN,
  last: LAST,
  chore: CHORE,
  report: REPORT,
  inbox: INBOX,
  delivery: DELIVERY,
  drain: DRAIN,
  leave: LEAVE,
  registry: REGISTRY,
  operation: OPERATION,
  completion: COMPLETION,
  streams: STREAMS,
  stream: STREAM,
} as const;

/** A decoded row. */
export type Row<L extends RowLayout> = {
  -readonly [C in keyof L]: L[C] extends "n" ? number : L[C] extends "b" ? boolean : string;
};

const unpackr = new Unpackr({ int64AsType: "number" });

const BLANKS = { n: 0, t: "", b: false } as const;

/** Decodes a stored row; columns that came after it was written are blank. Throws for one of a later version. */
export function decodeRow<L extends RowLayout>(layout: L, raw: Buffer): Row<L> {
  return rowOf(layout, unpackr.unpackMultiple(raw) as unknown[]);
}

/** A row from its columns, as a script answers it. */
export function rowOf<L extends RowLayout>(layout: L, values: readonly unknown[]): Row<L> {
  const columns = Object.entries(layout);
  if (values.length > columns.length)
    throw new TypeError(`a row has ${values.length} columns, this version knows ${columns.length}`);
  const row: Record<string, string | number | boolean> = {};
  columns.forEach(([name, type], index) => {
    const value = values[index] ?? BLANKS[type];
    row[name] = type === "n" ? Number(value) : type === "b" ? value === true || value === 1 : String(value as string);
  });
  return row as Row<L>;
}
