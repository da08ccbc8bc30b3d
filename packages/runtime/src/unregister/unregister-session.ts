import {
  AppError,
  type ObligationAnswer,
  type RequestId,
  type SessionRef,
  type UnregisterReport,
} from "@holdfast/contracts";
import type { ObligationFeedback, UnregisterApi, UnregisterOptions } from "../api/unregister.ts";
import type { Drains } from "../comms/drains.ts";
import { assertRequestId } from "../control/assert-command.ts";
import { pause } from "../runtime-context.ts";
import { closeOne, type RemovalParts, seeToRemoval, WAITED_FOR } from "./see-to-removal.ts";

/** How often a caller looks whether what it waits for is over. */
const LOOK_MS = 100;

const NOT_THERE: UnregisterReport = {
  wasRegistered: false,
  inputsAbandoned: 0,
  obligations: { loop: "closed", drain: "closed", waiters: "closed" },
};

/** What unregistering needs beside the world. */
export interface UnregisterParts extends RemovalParts {
  readonly drains: Pick<Drains, "abort" | "look">;
}

/** The methods of {@link UnregisterApi}. */
export function bindUnregister(parts: UnregisterParts): UnregisterApi {
  return {
    unregisterSession: (ref, options = {}) => unregisterSession(parts, ref, options),
    closeObligation: (ref, feedback) => closeObligation(parts, ref, feedback),
  };
}

async function unregisterSession(
  parts: UnregisterParts,
  ref: SessionRef,
  { requestId, force = false }: UnregisterOptions,
): Promise<UnregisterReport> {
  const { context, publish } = parts;
  if (requestId !== undefined) assertRequestId(requestId);
  const begun = await begin(parts, ref, requestId ?? (context.random.id("req") as RequestId));
  if (begun.kind === "removed") return begun.report;
  if (begun.kind === "missing") return NOT_THERE;
  if (!begun.isJoined) {
    publish({ ref, settled: [], followers: begun.followers, cursor: begun.cursor });
    if (begun.obligations.drain === "open") await parts.drains.abort(ref);
  }
  if (force) for (const obligation of WAITED_FOR) await closeOne(parts, { ref, obligation, by: "force" });
  return seeThrough(parts, ref, begun.requestId);
}

/** Looks until the session is removed, by whomever. */
async function seeThrough(parts: UnregisterParts, ref: SessionRef, requestId: RequestId): Promise<UnregisterReport> {
  for (;;) {
    const step = await seeToRemoval(parts, ref);
    if (step.kind !== "waiting") parts.drains.look(ref);
    if (step.kind === "removed") return step.report;
    if (step.kind === "over") return reportOf(parts, ref, requestId);
    await pause(parts.context.clock, LOOK_MS);
  }
}

async function begin({ context }: RemovalParts, ref: SessionRef, requestId: RequestId) {
  const reply = await context.store.unregistration.begin({ ref, requestId });
  if (reply.kind === "refused") throw new AppError("session.destroyed");
  return reply;
}

/** The report of a removal that somebody else finished (D6). */
async function reportOf(parts: RemovalParts, ref: SessionRef, requestId: RequestId): Promise<UnregisterReport> {
  const reply = await begin(parts, ref, requestId);
  if (reply.kind === "removed") return reply.report;
  throw new AppError("store.unavailable", { message: "the session changed while it was unregistered; ask again" });
}

async function closeObligation(
  parts: RemovalParts,
  ref: SessionRef,
  { obligation, force = false }: ObligationFeedback,
): Promise<ObligationAnswer> {
  const reply = await closeOne(parts, { ref, obligation, by: force ? "force" : "note" });
  if (reply.kind === "noted") return { kind: "noted", status: reply.status };
  return { kind: reply.kind === "ignored" ? "ignored" : "open" };
}
