import type { SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { ChoresReply, ExplainFacts, PageQuery, Store } from "@holdfast/runtime";

/** Every read of a session at once, without what the server's own clock says. */
export async function readEverything(store: Store, ref: SessionRef, query: PageQuery): Promise<unknown> {
  const { archive, directory } = store;
  const receipts = await archive.listReceipts(ref, query);
  const inputs = await archive.listInputs(ref, query);
  return {
    record: await directory.find(ref),
    page: await directory.list({ tenantId: ref.tenantId, after: null, limit: query.limit }),
    inputs,
    input: await Promise.all(inputs.items.slice(0, 2).map(({ inputId }) => archive.findInput(ref, inputId))),
    receipts,
    receipt: await Promise.all(receipts.items.slice(0, 2).map((receipt) => archive.findReceipt(ref, receipt))),
    events: await archive.listEvents(ref, query),
    deadLetters: await archive.listDeadLetters(ref, { ...query, after: 0 }),
    state: await archive.findState(ref),
    facts: timeless(await archive.explainFacts(ref)),
  };
}

/** The facts of the port, and no more: a store may know further ones of the run. */
function timeless(facts: ExplainFacts | null): Omit<ExplainFacts, "now"> | null {
  if (facts === null) return null;
  const { now: _itsOwn, run, ...rest } = facts;
  if (run === null) return { ...rest, run };
  const { runId, attempt, node, stagedAt, leaseUntil, cancelMode, stalledAt } = run;
  return { ...rest, run: { runId, attempt, node, stagedAt, leaseUntil, cancelMode, stalledAt } };
}

/**
 * One step of the chores; of a destroyed session all of them, because how many
 * steps it takes to remove everything is each store's own affair.
 */
export async function settleChores(store: Store, ref: SessionRef): Promise<ChoresReply> {
  const record = await store.directory.find(ref);
  const isGone = record !== null && isFinalPhase(record.phase);
  let reply = await store.ledger.settleChores(ref);
  while (isGone && reply.kind === "more") {
    const next = await store.ledger.settleChores(ref);
    reply = { ...next, settled: [...reply.settled, ...next.settled] };
  }
  return reply;
}
