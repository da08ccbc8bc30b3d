/**
 * Verbs: apply once, tell the holder, settle what was ended, wake what is left.
 */
import { AppError, type CancelMode, type ControlReport, type SessionRef } from "@holdfast/contracts";
import { isFinalPhase, legalVerbs } from "@holdfast/domain";
import type { VerbCommand } from "../api/control-plane.ts";
import type { Waker } from "../ingress/waker.ts";
import { settleAllChores } from "../loop/settle-chores.ts";
import type { ControlReply } from "../ports/control.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import type { Tell } from "../publish/tell.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { InterruptRunCommand } from "../session-runtime.ts";
import { assertRequestId, assertVerb } from "./assert-command.ts";

/** What the control plane needs beside the world. */
export interface ControlParts {
  readonly context: RuntimeContext;
  readonly publish: OutputGate;
  readonly waker: Waker;
  readonly tell: Tell;
}

type Applied = Extract<ControlReply, { kind: "applied" }>;
type Refused = Extract<ControlReply, { kind: "refused" }>;

/** Applies a verb. @throws control.refused, session.not_found, session.destroyed, idempotency.mismatch, id.invalid, request.invalid */
export async function applyVerb(parts: ControlParts, ref: SessionRef, command: VerbCommand): Promise<ControlReport> {
  const { verb, requestId, dryRun: isDryRun = false } = command;
  assertVerb(verb);
  assertRequestId(requestId);
  const reply = await parts.context.store.control.apply({ ref, verb, requestId, isDryRun });
  if (reply.kind === "missing") throw new AppError("session.not_found");
  if (reply.kind === "refused") throw refusal(verb, reply);
  return isDryRun ? { ...reply.report, isDryRun } : finish(parts, ref, reply);
}

/** Asks a run to end. @throws run.not_current, control.refused, session.not_found, session.destroyed */
export async function interruptRun(
  parts: ControlParts,
  ref: SessionRef,
  command: InterruptRunCommand,
): Promise<ControlReport> {
  const { requestId, runId = null, dryRun: isDryRun = false } = command;
  assertRequestId(requestId);
  const mode = modeOf(command);
  const reply = await parts.context.store.control.interrupt({ ref, requestId, runId, mode, isDryRun });
  if (reply.kind === "missing") throw new AppError("session.not_found");
  if (reply.kind === "refused" && runId !== null && reply.currentRunId !== runId) {
    throw new AppError("run.not_current", { details: { runId, currentRunId: reply.currentRunId } });
  }
  if (reply.kind === "refused") throw refusal("interrupt", reply);
  return isDryRun ? { ...reply.report, isDryRun } : finish(parts, ref, reply);
}

function modeOf({ at, isRolledBack }: InterruptRunCommand): CancelMode {
  if (isRolledBack === true) return "rollback";
  return at === "boundary" ? "boundary" : "interrupt";
}

async function finish(parts: ControlParts, ref: SessionRef, reply: Applied): Promise<ControlReport> {
  const { publish, waker, tell } = parts;
  if (reply.abort !== null) {
    const { node, runId, reason } = reply.abort;
    tell(node, { type: "run.abort", ref, runId, reason });
  }
  publish({ ref, settled: reply.settled, followers: reply.followers, cursor: reply.cursor });
  if (reply.hasChores) await settleEnded(parts, ref);
  if (reply.wake !== null) waker.enqueue({ ref, ...reply.wake });
  return reply.report;
}

/** The verb is done for every reader; what is left are rows and notifications, and a sweeper finishes those too. */
async function settleEnded({ context, publish }: ControlParts, ref: SessionRef): Promise<void> {
  try {
    await settleAllChores(context.store.ledger, ref, publish);
  } catch (error) {
    context.report({ level: "warn", phrase: "chores left to a sweeper", fields: { ref, error } });
  }
}

function refusal(verb: string, { phase, isBusy, currentRunId }: Refused): AppError {
  if (isFinalPhase(phase)) return new AppError("session.destroyed");
  const facts = { hasRun: currentRunId !== null, isBusy, isBound: true, hasPending: true };
  return new AppError("control.refused", {
    message: isBusy
      ? `${verb} is refused while a run is in progress`
      : `${verb} is not legal while the session is ${phase}`,
    details: { phase, isBusy, currentRunId, legalVerbs: legalVerbs(phase, facts) },
  });
}
