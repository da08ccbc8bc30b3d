/**
 * Takes an unregistration on, as far as it goes without waiting (D5, D7). Every
 * step may be taken by several processes at once: the store keeps them apart.
 */
import type { Obligation, SessionRef, UnregisterReport } from "@holdfast/contracts";
import { settleAllChores } from "../loop/settle-chores.ts";
import type { CloseCommand, CloseReply } from "../ports/unregistration.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import type { Tell } from "../publish/tell.ts";
import type { RuntimeContext } from "../runtime-context.ts";

/** What an unregistration needs beside the world. */
export interface RemovalParts {
  readonly context: RuntimeContext;
  readonly publish: OutputGate;
  readonly tell: Tell;
}

/** Where a removal stands after a pass. */
export type RemovalStep =
  | { readonly kind: "removed"; readonly report: UnregisterReport }
  /** Somebody is waited for. */
  | { readonly kind: "waiting" }
  /** Nothing is being unregistered any more: somebody else removed the session, or destroyed it. */
  | { readonly kind: "over" };

/** One pass: closes what is over, ends what is left, removes the session. */
export async function seeToRemoval(parts: RemovalParts, ref: SessionRef): Promise<RemovalStep> {
  await closeOne(parts, { ref, obligation: "loop", by: "check" });
  await closeOne(parts, { ref, obligation: "drain", by: "check" });
  await closeOne(parts, { ref, obligation: "waiters", by: "note" });
  const { unregistration, ledger } = parts.context.store;
  let reply = await unregistration.commit(ref);
  while (reply.kind === "chores") {
    await settleAllChores(ledger, ref, parts.publish);
    reply = await unregistration.commit(ref);
  }
  switch (reply.kind) {
    case "removed":
      parts.publish({ ref, settled: [], followers: reply.followers, cursor: reply.cursor });
      return { kind: "removed", report: reply.report };
    case "open":
      return { kind: "waiting" };
    case "ignored":
      return { kind: "over" };
  }
}

/** Closes one obligation; what is left of the session's work ends step by step before its waiters are done. */
export async function closeOne(parts: RemovalParts, command: CloseCommand): Promise<CloseReply> {
  const { context, publish, tell } = parts;
  const { unregistration, ledger } = context.store;
  const { ref } = command;
  for (;;) {
    const reply = await unregistration.close(command);
    if (reply.kind === "noted" || reply.kind === "chores") {
      publish({ ref, settled: reply.settled, followers: reply.followers, cursor: reply.cursor });
    }
    if (reply.kind === "noted" && reply.abort !== null) {
      const { node, runId, reason } = reply.abort;
      tell(node, { type: "run.abort", ref, runId, reason });
    }
    if (reply.kind !== "chores") return reply;
    await settleAllChores(ledger, ref, publish);
  }
}

/** Obligations that somebody outside the ledger owes. */
export const WAITED_FOR: readonly Obligation[] = ["loop", "drain"];
