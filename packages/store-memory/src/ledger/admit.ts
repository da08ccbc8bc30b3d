/** Records one input of a session, once, and says what to signal (L1). */
import type { Ack, InputId, InputStatus, PolicyDecision, SessionPhase } from "@holdfast/contracts";
import { abortReasonOf, INPUT_TABLE, raiseCancel, signalFor } from "@holdfast/domain";
import {
  type AbortNotice,
  type AdmitCommand,
  type AdmitReply,
  contentBytesOfText,
  type MergeOffer,
  type WakeHint,
} from "@holdfast/runtime";
import { closeLetter } from "../input/dead-letters.ts";
import { type Displacement, displaceBy, isDisplaceable, replaceQueued } from "../input/displace.ts";
import { getInput, moveInput, statusOf } from "../input/input.ts";
import { assignPlace, placeInFront, wakeQueued } from "../input/lane.ts";
import { noteTold } from "../operation/registry-work.ts";
import { hasChores, hastenDue, mayStage, owesWake } from "../session/due.ts";
import { keepScope } from "../session/ring.ts";
import type { InputData, SessionData } from "../session/session-data.ts";
import { isFinal, perform, stepSession, type Transition } from "../session/transitions.ts";
import {
  emit,
  isLive,
  liveFollowers,
  type MemoryContext,
  openSession,
  originOf,
  type Work,
  warmNodeOf,
} from "../session/work.ts";
import { retain } from "./trim.ts";

/** Admits an input. */
export function admit(context: MemoryContext, command: AdmitCommand, ack: Ack): AdmitReply {
  const work = openSession(context, command.ref);
  if (work === null) return { kind: "missing" };
  const { session } = work;
  // Before the phase: a repeat of an admitted input gets its first answer whatever happened since.
  const known = findKnown(session, command.input);
  if (known !== null && !isFinal("session", session.phase)) return answerKnown(work, { known, command, ack });
  const transition = stepSession(session.phase, "input.admit");
  if (transition === null) return { kind: "refused", phase: session.phase };
  if (session.settingsRevision !== command.settingsRevision) {
    return { kind: "stale_settings", revision: session.settingsRevision, settings: session.settings };
  }
  if (command.toldThrough !== undefined && !owesWake(work)) return { kind: "not_owed" };
  const refused = refuseRedrive(session, command);
  if (refused !== null) return refused;
  return admitNew(work, { command, transition, ack });
}

function admitNew(
  work: Work,
  parts: { readonly command: AdmitCommand; readonly transition: Transition<SessionPhase>; readonly ack: Ack },
): AdmitReply {
  const { session } = work;
  const { command, transition, ack } = parts;
  const column = isLive(session.hold, work) ? "live" : "idle";
  const decision = command.columns[column];
  if (decision.whenBusy === "refuse" && (session.hold !== null || session.waking > 0)) {
    return { kind: "busy", runId: session.hold?.runId ?? null };
  }
  const merging = findMerging(work, command, decision);
  if (merging?.kind === "mergeable") return merging;
  const admission: Admitting = { work, command, decision, isBusy: column === "live", merging, abort: null };
  const full = refuseOverflow(admission);
  if (full !== null) return full;
  perform(transition.effects, ADMIT_EFFECTS, admission);
  session.phase = transition.next;
  if (command.toldThrough !== undefined) noteTold(work);
  return answerAccepted(admission, ack);
}

/** What is no dead letter is not redriven (D52). */
function refuseRedrive({ inputs }: SessionData, { redriveOf }: AdmitCommand): AdmitReply | null {
  if (redriveOf === null) return null;
  const letter = inputs.get(redriveOf);
  if (letter !== undefined && letter.letter > 0) return null;
  return { kind: "not_dead_letter", redrivenBy: letter?.redrivenBy ?? null };
}

/** The queued input that a new one joins, and the input that carries both on. */
interface Merging {
  readonly kind: "merging";
  readonly queued: InputData;
  readonly offer: MergeOffer;
}

interface Admitting {
  readonly work: Work;
  readonly command: AdmitCommand;
  readonly decision: PolicyDecision;
  readonly isBusy: boolean;
  readonly merging: Merging | null;
  /** The run that was asked to end. */
  abort: AbortNotice | null;
}

type MergeQuestion = Extract<AdmitReply, { kind: "mergeable" }>;

/** What the new input joins; a question while the sender has not made one input of the two. */
function findMerging(
  { session }: Work,
  { input, merge }: AdmitCommand,
  { queue, lane }: PolicyDecision,
): Merging | MergeQuestion | null {
  const queuedId = queue === "merge" && merge !== "declined" ? session.scopes.get(input.scope ?? "") : undefined;
  if (queuedId === undefined) return null;
  const queued = session.inputs.get(queuedId);
  // The latest of a scope may have been trimmed.
  if (queued === undefined || queued.lane !== lane || !isOpenToMerge(session, queued)) return null;
  if (merge === null || merge === "declined" || merge.queuedId !== queuedId) {
    return { kind: "mergeable", queuedId, payload: queued.payload };
  }
  return { kind: "merging", queued, offer: merge };
}

/** Not tried yet, and waiting for nothing. */
function isOpenToMerge(session: SessionData, queued: InputData): boolean {
  return isDisplaceable(session, queued, "input.coalesce") && queued.attempts === 0 && !queued.isWaiting;
}

/** The input that a key or an id names already. */
export function findKnown(session: SessionData, input: AdmitCommand["input"]): InputData | null {
  const owner = input.keyedId === null ? undefined : (session.keys.get(input.keyedId) ?? input.keyedId);
  const keyed = owner === undefined ? undefined : session.inputs.get(owner);
  return keyed ?? session.inputs.get(input.id) ?? null;
}

/** Answers a repeat. */
export function answerKnown(
  work: Work,
  { known, command, ack }: { readonly known: InputData; readonly command: AdmitCommand; readonly ack: Ack },
): Extract<AdmitReply, { kind: "mismatch" | "deduplicated" }> {
  const { session } = work;
  const existingId = known.inputId;
  if (known.fingerprint !== command.input.fingerprint) return { kind: "mismatch", existingId };
  emit(work, { type: "input.deduplicated", inputId: command.input.id, existingId }, originOf(known.cursor, [known]));
  return {
    kind: "deduplicated",
    existingId,
    admission: known.admission,
    status: statusOf(session, known),
    followers: liveFollowers(work),
    cursor: session.cursor,
    ack,
  };
}

const ADMIT_EFFECTS = {
  storeInput: (admission: Admitting) => {
    retain(admission.work);
    storeInput(admission);
    askToEnd(admission);
  },
  // At rest only: a live hold is due by its lease, and looks before it lets go.
  indexDue: ({ work, command, isBusy, merging }: Admitting) => {
    const { expiresAt } = command.input;
    if (isBusy) return;
    if (hasChores(work)) hastenDue(work, work.now);
    if (expiresAt > 0) hastenDue(work, expiresAt);
    const input = getInput(work.session, command.input.id);
    const isDone = isFinal("input", input.status) && merging === null;
    if (!mayStage(work)) return;
    if (input.isWaiting) hastenDue(work, input.notBeforeAt);
    else if (work.session.waking > 0 && !isDone) hastenDue(work, work.now + work.config.timing.sweepDelayMs);
  },
};

const DISPLACEMENTS = {
  supersede: "input.supersede",
  coalesce: "input.coalesce",
  debounce: "input.supersede",
} as const satisfies Partial<Record<PolicyDecision["queue"], Displacement>>;

/** A session with as many inputs waiting as may takes no more (G14). */
function refuseOverflow(admission: Admitting): AdmitReply | null {
  const { session } = admission.work;
  const { maxPending } = admission.command;
  const pending = session.queued + session.scheduled;
  const isFull = maxPending !== undefined && pending >= maxPending && addsPending(admission);
  return isFull ? { kind: "session_full", pending } : null;
}

/** Whether one more input waits once this one is admitted: not if it is over at once, or ends another that waits. */
function addsPending(admission: Admitting): boolean {
  const { decision, merging } = admission;
  if (decision.consume === "on_accept" || merging !== null || decision.queue === "replace") return false;
  return findDisplaced(admission) === null;
}

/** The input this one takes the place of, if it still waits: same scope, same generation. */
function findDisplaced({ work, command: { input }, decision: { queue } }: Admitting) {
  const { session } = work;
  const event = Object.hasOwn(DISPLACEMENTS, queue) ? DISPLACEMENTS[queue as keyof typeof DISPLACEMENTS] : null;
  if (event === null || input.scope === null) return null;
  // The latest of a scope may have been trimmed.
  const older = session.inputs.get(session.scopes.get(input.scope) ?? ("" as InputId));
  return older !== undefined && isDisplaceable(session, older, event) ? { older, event } : null;
}

/** Ends it. */
function displace(admission: Admitting, cause: number): InputData | null {
  const { work, command } = admission;
  const { scope, id: by } = command.input;
  if (scope === null) return null;
  const displaced = findDisplaced(admission);
  keepScope(work.session, scope, by);
  if (displaced === null) return null;
  displaceBy(work, displaced.older, displaced.event, { by, cause });
  return displaced.older;
}

function storeInput(admission: Admitting): void {
  const { work, command, decision, merging } = admission;
  const { session } = work;
  const { id, keyedId } = command.input;
  const input = newInput(work, command, decision);
  register(work, input, { isConsumed: decision.consume === "on_accept" });
  if (keyedId !== null && keyedId !== id) session.keys.set(keyedId, id);
  if (merging === null) makeRoom(admission, input);
  if (decision.consume === "on_accept") moveInput(work, input, "input.consume_on_accept");
  else if (merging === null) storeQueued(admission, input);
  else storeAggregate(admission, input, merging);
}

/** Takes an input in, and says so. */
export function register(
  work: Work,
  input: InputData,
  options: { readonly isConsumed?: boolean; readonly cause?: number },
): void {
  const { session } = work;
  const { inputId, admission } = input;
  session.admitted += 1;
  session.inputs.set(inputId, input);
  session.admissions.push(inputId);
  const consumed = options.isConsumed === true ? ({ isConsumed: true } as const) : {};
  emit(work, { type: "input.admitted", inputId, admission, ...consumed }, originOf(options.cause ?? null, [input]));
  input.cursor = session.cursor;
  redrive(work, input);
}

/** Ends what the new input takes the place of. */
function makeRoom(admission: Admitting, input: InputData): void {
  const { work, command, decision } = admission;
  const { inputId, kind, cursor } = input;
  const older = displace(admission, cursor);
  if (decision.queue === "replace") replaceQueued(work, decision.lane, kind, { by: inputId, cause: cursor });
  if (command.input.debounce !== null && decision.queue === "debounce") {
    debounce(work, { input, older, times: command.input.debounce });
  }
}

function storeQueued({ work, decision }: Admitting, input: InputData): void {
  const isFront = decision.queue === "priority";
  // What ends a run runs alone: the next one that does goes before it.
  input.isSolo = decision.whenBusy === "interrupt" || decision.whenBusy === "rollback";
  if (isFront) placeInFront(work, input);
  else assignPlace(work, input);
  moveInput(work, input, "input.queue");
  if (input.isWaking && !input.isWaiting) wakeQueued(work);
}

type DebounceTimes = NonNullable<AdmitCommand["input"]["debounce"]>;

/** Waits for its window, restarted by every newer one of the series until the longest wait is over. */
function debounce(
  { now }: Work,
  { input, older, times }: { input: InputData; older: InputData | null; times: DebounceTimes },
): void {
  input.debouncedAt = older !== null && older.debouncedAt > 0 ? older.debouncedAt : now;
  const at = Math.min(now + times.windowMs, input.debouncedAt + times.maxWaitMs);
  input.notBeforeAt = Math.max(input.notBeforeAt, at);
}

/** The content of the queued input and of the new one goes on as a third; both end as its sources. */
function storeAggregate({ work, command, decision }: Admitting, input: InputData, { queued, offer }: Merging): void {
  const { session } = work;
  const { boundary, expiresAt } = input;
  const successor = { by: offer.id, cause: input.cursor };
  displaceBy(work, input, "input.aggregate", successor);
  displaceBy(work, queued, "input.coalesce", successor);
  const joint: InputData = {
    ...newInput(work, command, decision),
    inputId: offer.id,
    keyedId: null,
    fingerprint: "",
    nodes: [],
    notBeforeAt: 0,
    boundary,
    expiresAt,
    isWaking: input.isWaking || queued.isWaking,
    payload: offer.payload,
    payloadBytes: bytesOf(offer),
  };
  register(work, joint, { cause: input.cursor });
  assignPlace(work, joint);
  moveInput(work, joint, "input.queue");
  if (joint.isWaking) wakeQueued(work);
  session.scopes.set(command.input.scope as string, offer.id);
}

/** Asks the run in progress to end, for a policy that does; its holder learns it at once, or when it renews. */
function askToEnd(admission: Admitting): void {
  const { hold, phase } = admission.work.session;
  const { whenBusy } = admission.decision;
  if (hold === null || whenBusy === "none" || whenBusy === "refuse") return;
  const transition = stepSession(phase, "control.interrupt", { hasRun: true });
  if (transition === null) return;
  perform(transition.effects, {
    requestCancel: () => {
      const mode = raiseCancel(hold.cancelMode, whenBusy);
      hold.cancelMode = mode;
      admission.abort = { node: hold.node, runId: hold.runId, reason: abortReasonOf(mode) };
    },
  });
}

/** Bytes an input counts for in a batch: its id, a space and its payload, wherever that lies. */
function bytesOf({ id, payload }: { readonly id: InputId; readonly payload: string }): number {
  return Buffer.byteLength(id) + 1 + contentBytesOfText(payload);
}

/** The dead letter it is made of is decided about (D52). */
function redrive(work: Work, input: InputData): void {
  if (input.redriveOf === null) return;
  closeLetter(work, getInput(work.session, input.redriveOf), input.inputId);
  const fact = { type: "input.redriven", inputId: input.redriveOf, by: input.inputId } as const;
  emit(work, fact, originOf(input.cursor, [input]));
}

/** An input as it is before it has a place. */
export function newInput(
  { session, now }: Work,
  { input, columns, redriveOf, replyTo, toldThrough }: AdmitCommand,
  policy: PolicyDecision,
): InputData {
  return {
    inputId: input.id,
    admission: session.admitted + 1,
    fingerprint: input.fingerprint,
    status: INPUT_TABLE.initial as InputStatus,
    policy,
    isPrompt: input.isPrompt,
    isEphemeral: input.isEphemeral,
    isSolo: false,
    isWaking: columns.idle.wake !== "none",
    isWaiting: false,
    lane: policy.lane,
    place: 0,
    boundary: policy.boundary,
    runId: null,
    attempts: 0,
    failures: 0,
    losses: 0,
    notBeforeAt: input.notBeforeAt,
    generation: session.generation,
    nodes: replyTo === null ? [] : [replyTo],
    position: 0,
    detail: "",
    admittedAt: now,
    letter: 0,
    keyedId: input.keyedId === input.id ? null : input.keyedId,
    redriveOf,
    redrivenBy: null,
    changedAfterMs: 0,
    cursor: 0,
    correlationId: input.correlationId,
    isTelling: toldThrough !== undefined,
    payload: input.payload,
    payloadBytes: bytesOf(input),
    failure: null,
    kind: input.kind,
    expiresAt: input.expiresAt,
    debouncedAt: 0,
  };
}

function answerAccepted(admission: Admitting, ack: Ack): AdmitReply {
  const { work, command, isBusy, decision, merging, abort } = admission;
  const { session, settled } = work;
  const input = getInput(session, command.input.id);
  const signal = signalOf(session, { input, decision, isBusy });
  // The renewal of the lease says so too, in case the message to the holder is lost.
  if (signal === "immediate" && session.hold !== null) session.hold.isAttentionAsked = true;
  const holder = isBusy ? (session.hold?.node ?? null) : warmNodeOf(work);
  return {
    kind: "accepted",
    inputId: input.inputId,
    admission: input.admission,
    column: isBusy ? "live" : "idle",
    status: input.status,
    wake: {
      signal,
      epoch: session.epoch,
      node: holder,
      executor: session.executor,
    },
    // What was consumed on admission is told by its status alone.
    displaced: settled.filter(({ inputId }) => inputId !== input.inputId || merging !== null),
    abort,
    mergedInto: merging?.offer.id ?? null,
    followers: liveFollowers(work),
    cursor: session.cursor,
    ack,
  };
}

function signalOf(
  session: SessionData,
  {
    input,
    decision,
    isBusy,
  }: { readonly input: InputData; readonly decision: PolicyDecision; readonly isBusy: boolean },
): WakeHint["signal"] {
  const signal = signalFor(decision, isBusy);
  if (session.executor === null || input.isWaiting || signal === "none") return "none";
  return isBusy && signal !== "immediate" ? "none" : signal;
}
