/** Asks the staged run to end, once per request id. The run decides when; a result that it commits first stands. */
import type { CancelMode, ControlReport } from "@holdfast/contracts";
import { abortReasonOf, newReport, raiseCancel } from "@holdfast/domain";
import type { AbortNotice, ControlReply, InterruptCommand } from "@holdfast/runtime";
import { keepRequest } from "../session/ring.ts";
import type { HoldData } from "../session/session-data.ts";
import { perform, stepSession } from "../session/transitions.ts";
import { liveFollowers, type MemoryContext, openSession, rehearse, type Work } from "../session/work.ts";
import { findReport } from "./apply-verb.ts";

/** Interrupts the current run. */
export function interrupt(context: MemoryContext, command: InterruptCommand): ControlReply {
  const { ref, requestId, runId, mode } = command;
  const opened = openSession(context, ref);
  if (opened === null) return { kind: "missing" };
  const known = findReport(opened.session, requestId, "interrupt");
  if (known !== undefined) return applied(opened, { report: known, isRepeat: true, abort: null });
  const work = command.isDryRun === true ? rehearse(opened) : opened;
  const { session } = work;
  const { hold, phase } = session;
  const transition = stepSession(phase, "control.interrupt", { hasRun: hold !== null });
  if (transition === null || hold === null || (runId !== null && runId !== hold.runId)) {
    return { kind: "refused", phase, isBusy: hold !== null, currentRunId: hold?.runId ?? null };
  }
  perform(transition.effects, {
    requestCancel: () => {
      hold.cancelMode = raiseCancel(hold.cancelMode, mode);
    },
  });
  const report = reportOf(work, hold, transition.next);
  session.reports.set(requestId, report);
  keepRequest(session, "control", requestId);
  return applied(work, { report, isRepeat: false, abort: abortOf(hold, mode) });
}

/** At its boundary a run learns of it by itself. */
function abortOf({ node, runId }: HoldData, mode: CancelMode): AbortNotice | null {
  if (mode === "boundary") return null;
  return { node, runId, reason: abortReasonOf(mode) };
}

function reportOf({ session }: Work, hold: HoldData, phaseAfter: ControlReport["phaseAfter"]): ControlReport {
  return { ...newReport("interrupt", session.phase, phaseAfter), abortedRunId: hold.runId };
}

function applied(
  work: Work,
  { report, isRepeat, abort }: { report: ControlReport; isRepeat: boolean; abort: AbortNotice | null },
): ControlReply {
  return {
    kind: "applied",
    isRepeat,
    report: { ...report },
    abort,
    wake: null,
    hasChores: false,
    settled: [],
    followers: liveFollowers(work),
    cursor: work.session.cursor,
  };
}
