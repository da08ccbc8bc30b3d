/** Runs that a sender does itself: admitted and staged in one step (L8). */
import type { Ack, InputId, InputStatus } from "@holdfast/contracts";
import { INPUT_TABLE } from "@holdfast/domain";
import type { BeginRunCommand, BeginRunReply, DirectRuns } from "@holdfast/runtime";
import { getInput, moveInput } from "../input/input.ts";
import { assignPlace, wakeQueued } from "../input/lane.ts";
import { stageBatch, stagedBatch } from "../run/stage.ts";
import { hasChores, indexDue } from "../session/due.ts";
import type { HoldData } from "../session/session-data.ts";
import { isFinal, stepSession } from "../session/transitions.ts";
import { liveFollowers, type MemoryContext, openSession, type Work } from "../session/work.ts";
import { answerKnown, findKnown, newInput, register } from "./admit.ts";

/** Runs of senders in process. */
export function createMemoryDirectRuns(context: MemoryContext, ack: () => Ack): DirectRuns {
  return { begin: async (command) => begin(context, command, ack()) };
}

function begin(context: MemoryContext, command: BeginRunCommand, ack: Ack): BeginRunReply {
  const { admission, claimId } = command;
  const work = openSession(context, admission.ref);
  if (work === null) return { kind: "missing" };
  const { session } = work;
  const { hold } = session;
  // The same call again, while what it staged is current (L5).
  if (hold !== null && hold.claimId === claimId) return begun(work, admission.input.id, hold);
  const known = findKnown(session, admission.input);
  if (known !== null && !isFinal("session", session.phase)) {
    const answer = answerKnown(work, { known, command: admission, ack });
    return answer.kind === "mismatch"
      ? answer
      : { kind: answer.kind, existingId: known.inputId, status: answer.status };
  }
  return beginNew(work, command);
}

function beginNew(work: Work, command: BeginRunCommand): BeginRunReply {
  const { session } = work;
  const { hold, phase, settingsRevision: revision, settings } = session;
  const admitted = stepSession(phase, "input.admit");
  if (admitted === null || stepSession(admitted.next, "run.begin", { hasRun: false }) === null) {
    return { kind: "refused", phase };
  }
  if (revision !== command.admission.settingsRevision) return { kind: "stale_settings", revision, settings };
  if (hold !== null || session.queued + session.scheduled > 0) return { kind: "active", runId: hold?.runId ?? null };
  return hasChores(work) ? { kind: "chores" } : begun(work, command.admission.input.id, stage(work, command));
}

function stage(work: Work, { admission, claimId, node, newRunId }: BeginRunCommand): HoldData {
  const { session, config } = work;
  const plain: InputStatus = INPUT_TABLE.initial as InputStatus;
  const command = { ...admission, replyTo: null, input: { ...admission.input, notBeforeAt: 0, expiresAt: 0 } };
  const input = { ...newInput(work, command, admission.columns.idle), isWaking: true, status: plain };
  register(work, input, {});
  const { keyedId, id } = admission.input;
  if (keyedId !== null && keyedId !== id) session.keys.set(keyedId, id);
  assignPlace(work, input);
  moveInput(work, input, "input.queue");
  wakeQueued(work);
  const hold = stageBatch(work, [input], { offer: { newRunId, maxBytes: 0 }, claimId, node });
  session.epoch += 1;
  session.sweeps = 0;
  indexDue(work, hold.leaseUntil + config.timing.graceMs);
  return hold;
}

function begun(work: Work, inputId: InputId, hold: HoldData): BeginRunReply {
  const { session } = work;
  return {
    kind: "begun",
    admission: getInput(session, inputId).admission,
    batch: stagedBatch(work, hold),
    state: session.state,
    followers: liveFollowers(work),
    cursor: session.cursor,
  };
}
