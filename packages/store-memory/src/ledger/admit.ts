/** Records one input of a session, once, and says what to signal (L1). */
import type { Ack, InputId, InputStatus, PolicyDecision } from "@holdfast/contracts";
import { INPUT_TABLE, signalFor } from "@holdfast/domain";
import type { AdmitCommand, AdmitReply, WakeHint } from "@holdfast/runtime";
import { getInput, moveInput, statusOf } from "../input/input.ts";
import { assignPlace, wakeQueued } from "../input/lane.ts";
import { hastenDue, mayStage } from "../session/due.ts";
import type { InputData, SessionData } from "../session/session-data.ts";
import { isFinal, perform, stepInput, stepSession } from "../session/transitions.ts";
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
  const column = isLive(session.hold, work) ? "live" : "idle";
  const admission: Admitting = { work, command, decision: command.columns[column], isBusy: column === "live" };
  perform(transition.effects, ADMIT_EFFECTS, admission);
  session.phase = transition.next;
  return answerAccepted(admission, ack);
}

interface Admitting {
  readonly work: Work;
  readonly command: AdmitCommand;
  readonly decision: PolicyDecision;
  readonly isBusy: boolean;
}

// The key first: it is what the sender means to be told apart by.
function findKnown(session: SessionData, input: AdmitCommand["input"]): InputData | null {
  const owner = input.keyedId === null ? undefined : (session.keys.get(input.keyedId) ?? input.keyedId);
  const keyed = owner === undefined ? undefined : session.inputs.get(owner);
  return keyed ?? session.inputs.get(input.id) ?? null;
}

function answerKnown(
  work: Work,
  { known, command, ack }: { readonly known: InputData; readonly command: AdmitCommand; readonly ack: Ack },
): AdmitReply {
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
    storeInput(admission);
  },
  // At rest only: a live hold is due by its lease, and looks before it lets go.
  indexDue: ({ work, command, isBusy }: Admitting) => {
    const input = getInput(work.session, command.input.id);
    if (isBusy || isFinal("input", input.status) || !mayStage(work)) return;
    if (input.isWaiting) hastenDue(work, input.notBeforeAt);
    else if (work.session.waking > 0) hastenDue(work, work.now + work.config.timing.sweepDelayMs);
  },
};

const DISPLACEMENTS = {
  supersede: {
    event: "input.supersede",
    fact: (inputId: InputId, by: InputId) => ({ type: "input.superseded", inputId, by }) as const,
  },
  coalesce: {
    event: "input.coalesce",
    fact: (inputId: InputId, into: InputId) => ({ type: "input.coalesced", inputId, into }) as const,
  },
};

/** Ends the input this one takes the place of, if it still waits: same scope, same generation. */
function displace({ work, command: { input }, decision: { queue } }: Admitting, cause: number): void {
  const { session } = work;
  if (input.scope === null) return;
  const displacement = queue === "supersede" || queue === "coalesce" ? DISPLACEMENTS[queue] : null;
  const olderId = displacement === null ? undefined : session.scopes.get(input.scope);
  session.scopes.set(input.scope, input.id);
  if (displacement === null || olderId === undefined) return;
  const older = getInput(session, olderId);
  if (older.generation !== session.generation || stepInput(older.status, displacement.event) === null) return;
  older.detail = input.id;
  moveInput(work, older, displacement.event);
  emit(work, displacement.fact(older.inputId, input.id), originOf(cause, [older]));
}

function storeInput(admission: Admitting): void {
  const { work, command, decision } = admission;
  const { session } = work;
  const { id, keyedId } = command.input;
  session.admitted += 1;
  const input = newInput(work, command, decision);
  session.inputs.set(id, input);
  session.admissions.push(id);
  if (keyedId !== null && keyedId !== id) session.keys.set(keyedId, id);
  const isConsumed = decision.consume === "on_accept";
  emit(
    work,
    { type: "input.admitted", inputId: id, admission: input.admission, ...(isConsumed ? { isConsumed } : {}) },
    originOf(null, [input]),
  );
  input.cursor = session.cursor;
  displace(admission, input.cursor);
  if (isConsumed) {
    moveInput(work, input, "input.consume_on_accept");
    return;
  }
  assignPlace(work, input, decision.queue === "priority");
  moveInput(work, input, "input.queue");
  if (input.isWaking && !input.isWaiting) wakeQueued(work);
}

function newInput(
  { session, now }: Work,
  { input, columns, replyTo }: AdmitCommand,
  policy: PolicyDecision,
): InputData {
  return {
    inputId: input.id,
    admission: session.admitted,
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
    changedAfterMs: 0,
    cursor: 0,
    correlationId: input.correlationId,
    payload: input.payload,
    payloadBytes: Buffer.byteLength(input.id) + 1 + Buffer.byteLength(input.payload),
    failure: null,
  };
}

function answerAccepted({ work, command, isBusy, decision }: Admitting, ack: Ack): AdmitReply {
  const { session, settled } = work;
  const input = getInput(session, command.input.id);
  const holder = isBusy ? (session.hold?.node ?? null) : warmNodeOf(work);
  return {
    kind: "accepted",
    inputId: input.inputId,
    admission: input.admission,
    column: isBusy ? "live" : "idle",
    status: input.status,
    wake: {
      signal: signalOf(session, { input, decision, isBusy }),
      epoch: session.epoch,
      node: holder,
      executor: session.executor,
    },
    displaced: settled.find(({ inputId }) => inputId !== input.inputId) ?? null,
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
  if (isBusy) return signal === "immediate" ? "immediate" : "none";
  return "wake";
}
