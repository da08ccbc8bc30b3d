/** Writes of a run in progress: inner boundaries, and what the inbox gives (T6 to T9). */
import type { Ack, InputId } from "@holdfast/contracts";
import { SCRIPT_BATCH } from "@holdfast/contracts";
import type {
  CheckpointCommand,
  CheckpointReply,
  InnerBoundary,
  LiveRuns,
  StagedInput,
  StallCommand,
  StallReply,
} from "@holdfast/runtime";
import { moveInput } from "../input/input.ts";
import { isContinuedRun, membersOf } from "../run/continuation.ts";
import { isFenceOf, putRun } from "../run/run.ts";
import { peek, promote } from "../run/select.ts";
import { cutAtBytes, stagedInputs } from "../run/stage.ts";
import { hasChores, mayStage } from "../session/due.ts";
import type { HoldData, InputData, SessionData } from "../session/session-data.ts";
import { stepSession } from "../session/transitions.ts";
import { emit, liveFollowers, type MemoryContext, openSession, originOf, type Work } from "../session/work.ts";
import { writeBoundary } from "./settle.ts";

/** Writes of runs in progress, in process. */
export function createMemoryLiveRuns(context: MemoryContext, ack: () => Ack): LiveRuns {
  return {
    checkpoint: async (command) => checkpoint(context, command, ack()),
    noteStall: async (command) => noteStall(context, command),
  };
}

function checkpoint(context: MemoryContext, command: CheckpointCommand, ack: Ack): CheckpointReply {
  const work = openSession(context, command.ref);
  if (work === null) return { kind: "missing" };
  const { session } = work;
  const { hold } = session;
  const { call, callDigest, boundary, inbox } = command;
  if (hold === null || !isFenceOf(hold, command.fence)) return { kind: "fenced" };
  if (stepSession(session.phase, "run.settle", { hasRun: true }) === null) return { kind: "fenced" };
  if (call === hold.calls && callDigest === hold.callDigest) {
    return answer(work, { hold, inputs: stagedInputs(session, hold.taken), isRepeat: true, ack });
  }
  if (call !== hold.calls + 1) return { kind: "fenced" };
  if (boundary !== null) {
    if (!isExpected(session, hold, { ...boundary, attempt: command.attempt })) {
      return { kind: "conflict", position: session.position };
    }
    const run = writeBoundary(work, hold, { ...boundary, commit: boundary, result: "checkpointed" });
    putRun(work, hold.runId, run);
  }
  if (inbox !== null) takeInbox(work, hold, inbox);
  hold.calls = call;
  hold.callDigest = callDigest;
  hold.progressAt = work.now;
  hold.stalledAt = 0;
  const inputs = inbox === null ? [] : stagedInputs(session, hold.taken);
  return answer(work, { hold, inputs, isRepeat: false, ack });
}

function isExpected(session: SessionData, hold: HoldData, boundary: InnerBoundary & { readonly attempt: number }) {
  return (
    session.position === boundary.expectedPosition &&
    session.digest === boundary.previousDigest &&
    hold.sequence === boundary.sequence &&
    hold.attempt === boundary.attempt &&
    hold.staged.join(",") === boundary.contributors.join(",")
  );
}

/** Takes the leading inputs of the steer lane, up to the first that is not open to this run (T8). */
function takeInbox(
  work: Work,
  hold: HoldData,
  limits: { readonly maxInputs: number; readonly maxBytes: number },
): void {
  hold.taken = [];
  hold.isAttentionAsked = false;
  // A run that was asked to end takes nothing more, and a phase that stages nothing lets none in.
  if (hold.cancelMode !== null || !mayStage(work) || hasChores(work)) return;
  promote(work);
  const room = SCRIPT_BATCH - membersOf(hold).length;
  const leading: InputData[] = [];
  for (const entry of peek(work, "steer", Math.min(limits.maxInputs, room))) {
    if (isContinuedRun(entry) || entry.runId !== null || entry.isSolo || entry.notBeforeAt > work.now) break;
    leading.push(entry);
  }
  // One that should have ended by now is left to whoever ends it.
  const inputs = cutAtBytes(leading, limits.maxBytes).filter(
    ({ expiresAt }) => expiresAt === 0 || expiresAt > work.now,
  );
  if (inputs.length === 0) return;
  for (const input of inputs) {
    input.runId = hold.runId;
    moveInput(work, input, "run.stage");
  }
  const taken: readonly InputId[] = inputs.map(({ inputId }) => inputId);
  hold.taken = taken;
  hold.isSteered = true;
  hold.staged = [...hold.staged, ...taken];
  emit(work, { type: "run.steered", runId: hold.runId, inputIds: [...taken] }, originOf(hold.startedCursor, inputs));
}

function answer(
  work: Work,
  { hold, inputs, isRepeat, ack }: { hold: HoldData; inputs: readonly StagedInput[]; isRepeat: boolean; ack: Ack },
): CheckpointReply {
  const { position, cursor } = work.session;
  const { cancelMode } = hold;
  return { kind: "taken", isRepeat, position, cancelMode, inputs, followers: liveFollowers(work), cursor, ack };
}

function noteStall(context: MemoryContext, { ref, fence }: StallCommand): StallReply {
  const work = openSession(context, ref);
  const hold = work?.session.hold ?? null;
  if (work === null || hold === null || !isFenceOf(hold, fence)) return { kind: "fenced" };
  const seenAt = Math.max(hold.stagedAt, hold.progressAt);
  if (hold.stalledAt === 0) {
    hold.stalledAt = work.now;
    const fact = { type: "run.stalled", runId: hold.runId, silentMs: Math.max(0, work.now - seenAt) } as const;
    emit(work, fact, originOf(hold.startedCursor, []));
  }
  const silentMs = Math.max(0, hold.stalledAt - seenAt);
  return { kind: "noted", silentMs, followers: liveFollowers(work), cursor: work.session.cursor };
}
