/** Effects of control verbs and unregistrations, each one data movement. */
import { type AbandonReason, type NodeId, SCRIPT_BATCH } from "@holdfast/contracts";
import type { ReportDraft } from "@holdfast/domain";
import { getInputs } from "../input/input.ts";
import { LANES } from "../input/lane.ts";
import { endRegistry } from "../operation/registry-work.ts";
import { loseAttempt } from "../run/attempt.ts";
import { membersOf } from "../run/continuation.ts";
import { moveRun, putRun } from "../run/run.ts";
import type { EndChore } from "../session/chore.ts";
import { dueAtRest, indexDue, unpark } from "../session/due.ts";
import { removeMember } from "../session/ordered.ts";
import { isFinal } from "../session/transitions.ts";
import type { Work } from "../session/work.ts";
import { dropPassing } from "./drop-passing.ts";

/** Places that a lane keeps free before it begins anew: more than are taken there before the chore is over. */
const ROOM_IN_FRONT = 10_000 * SCRIPT_BATCH;

/** What the effects of one command gather. */
export interface Draft {
  readonly report: ReportDraft;
  readonly pendingBefore: number;
  /** Inputs of the run that was ended. */
  staged: EndChore["staged"];
  abortNode: NodeId | null;
  dueAt: number | null;
}

/** Inputs that have not ended. */
export function pendingCount({ session }: Work): number {
  const { hold } = session;
  return session.queued + session.scheduled + session.parked + (hold === null ? 0 : membersOf(hold).length);
}

/** Ends every input at once for every reader: the generation moves. Their rows follow in chores. */
function abandonAll(reason: AbandonReason) {
  return (work: Work, draft: Draft): void => {
    const { session } = work;
    const { steer, queue } = session.lanes;
    draft.report.inputsAbandoned = draft.pendingBefore;
    session.endings.set(session.generation, reason);
    if (draft.pendingBefore > 0) {
      session.chores.push({
        kind: "end",
        generation: session.generation,
        reason,
        lanes: { steer: { from: steer.head, to: steer.tail }, queue: { from: queue.head, to: queue.tail } },
        scheduled: session.scheduled,
        from: 0,
        staged: draft.staged,
        // The fact that says why is the next and last of its step.
        cause: session.cursor + 1,
        parkFrom: session.parking.head,
        parkTo: session.parking.tail,
      });
    }
    session.generation += 1;
    for (const name of LANES) leaveBehind(session.lanes[name]);
    session.queued = 0;
    session.waking = 0;
    session.scheduled = 0;
    session.passing = 0;
    session.expiring = 0;
    session.parked = 0;
    session.continued = 0;
    session.timers = 0;
    session.awaiting = 0;
    session.lookAt = 0;
    session.parking.head = session.parking.tail;
  };
}

/** A chore ends what stands up to here; what goes before everything must not come to stand among that. */
function leaveBehind(lane: { head: number; tail: number }): void {
  lane.tail += ROOM_IN_FRONT;
  lane.head = lane.tail;
}

/** The effects, by name. */
export const CONTROL_EFFECTS = {
  abortRun: ({ session: { hold } }: Work, draft: Draft) => {
    if (hold === null) return;
    draft.abortNode = hold.node;
    draft.report.abortedRunId = hold.runId;
  },
  clearRun: (work: Work, draft: Draft) => {
    const { hold } = work.session;
    if (hold === null) return;
    draft.staged = membersOf(hold);
    const run = moveRun(work, hold, "run.abandon");
    run.inputs = hold.staged;
    putRun(work, hold.runId, run);
    work.session.hold = null;
  },
  returnStaged: (work: Work, draft: Draft) => {
    const { hold } = work.session;
    if (hold === null) return;
    const ids = membersOf(hold);
    loseAttempt(work, hold);
    work.session.hold = null;
    // Those whose last loss this is end; those that need not survive are counted as dropped.
    for (const { status, isEphemeral } of getInputs(work.session, ids)) {
      if (isFinal("input", status)) draft.report.inputsAbandoned += 1;
      else if (!isEphemeral) draft.report.inputsRequeued += 1;
    }
  },
  dropPassing: (work: Work, { report }: Draft) => {
    report.inputsDropped = dropPassing(work);
  },
  bumpToken: ({ data }: Work) => {
    data.token += 1;
  },
  "abandonAll.retired": abandonAll("retired"),
  "abandonAll.reset": abandonAll("reset"),
  "abandonAll.stopped": abandonAll("stopped"),
  "abandonAll.destroyed": abandonAll("destroyed"),
  "abandonAll.unregistered": abandonAll("unregistered"),
  endOperations: (work: Work) => endRegistry(work),
  unbind: (work: Work) => {
    unpark(work);
    work.session.executor = null;
    work.session.versions = "";
  },
  leaveDirectory: ({ data, session }: Work) => {
    removeMember(data.listed, session.member);
  },
  purge: ({ session }: Work) => {
    session.openLetters = 0;
    session.chores.push({ kind: "purge", generation: session.generation, terminalCursor: session.cursor + 1 });
  },
  indexDue: (work: Work, draft: Draft) => {
    const { session, now, config } = work;
    if (session.hold !== null) return;
    session.epoch += 1;
    draft.dueAt = dueAtRest(work, { soonest: now + config.timing.rewakeMs });
    indexDue(work, draft.dueAt);
  },
};
