import type { ReceiptResult } from "@holdfast/contracts";
import { verifyChain } from "@holdfast/domain";
import { sha256 } from "@holdfast/runtime";
import type { AppliedState } from "./behaviours.ts";
import type { LedgerRecord } from "./ledger-record.ts";
import type { Complain } from "./life.ts";
import type { Commit, StoreFact } from "./witness.ts";
import type { World } from "./world.ts";

/** Results after which a run goes on. */
export const INNER_RESULTS: ReadonlySet<ReceiptResult> = new Set(["checkpointed", "suspended"]);
/** No boundary follows it. */
const ENDED = Number.POSITIVE_INFINITY;

/** Receipts are what the ledger says they are, and each was written once by whoever held the session. */
export function checkReceipts(world: World, ledger: LedgerRecord, complain: Complain): void {
  checkReceiptRecord(ledger, complain);
  checkCommits(world, ledger, complain);
}

/** Receipts are dense, chained, under growing tokens, and reproduce the state. */
export function checkReceiptRecord(ledger: LedgerRecord, complain: Complain): void {
  const { receipts, session } = ledger;
  const verdict = verifyChain(receipts, sha256);
  if (verdict.kind === "broken") complain("G4", `the chain breaks at ${verdict.position}: ${verdict.reason}`);
  if (session.position !== receipts.length) complain("G4", `position ${session.position}, ${receipts.length} receipts`);
  checkTokens(ledger, complain);
  checkRuns(ledger, complain);
  checkState(ledger, complain);
  checkRolledBack(ledger, complain);
}

/** What was rolled back leaves nothing: its inputs contribute to no receipt. */
function checkRolledBack({ receipts, events }: LedgerRecord, complain: Complain): void {
  const contributors = new Set<string>(receipts.flatMap((receipt) => receipt.contributors));
  for (const { event } of events) {
    if (event.type !== "run.rolled_back") continue;
    const kept = event.inputIds.find((inputId) => contributors.has(inputId));
    if (kept !== undefined) complain("G5", `${kept} was rolled back with ${event.runId} and has a receipt`);
  }
}

function checkTokens({ receipts }: LedgerRecord, complain: Complain): void {
  let lastToken = 0;
  let isOpen = false;
  for (const { position, token, result } of receipts) {
    const isGrowing = token > lastToken || (isOpen && token === lastToken);
    isOpen = result === "checkpointed";
    if (!isGrowing) complain("G2", `token ${token} at ${position} follows token ${lastToken}`);
    lastToken = token;
  }
}

function isCommitOf({ ref }: LedgerRecord) {
  return (fact: StoreFact) => (fact.type === "committed" && fact.ref.sessionId === ref.sessionId ? [fact.commit] : []);
}

/** Every receipt is one commit that the store acknowledged, by the process the fence was given to. */
function checkCommits({ witness }: World, ledger: LedgerRecord, complain: Complain): void {
  const { receipts } = ledger;
  const commits = witness.facts.flatMap(isCommitOf(ledger));
  if (commits.length !== receipts.length) complain("G3", `${commits.length} commits left ${receipts.length} receipts`);
  for (const { position, digest, claimId, runId } of receipts) {
    const commit = commits.find((candidate) => candidate.position === position);
    const isCommitted = commit?.digest === digest && commit.fence.claimId === claimId && commit.fence.runId === runId;
    if (!isCommitted) complain("G3", `the receipt at ${position} is not what ${commit?.fence.claimId} committed there`);
    else if (!isHeldBy(witness.facts, commit)) complain("G2", `${claimId} committed ${position} without holding it`);
  }
}

function isHeldBy(facts: readonly StoreFact[], { fence, node }: Commit): boolean {
  return facts.some((fact) => {
    if (fact.type !== "staged" || (node !== null && fact.node !== node)) return false;
    const { token, claimId, runId } = fact.fence;
    return token === fence.token && claimId === fence.claimId && runId === fence.runId;
  });
}

function checkRuns({ receipts, inputs }: LedgerRecord, complain: Complain): void {
  const known = new Set<string>(inputs.map(({ inputId }) => inputId));
  const boundaries = new Map<string, number>();
  const contributed = new Set<string>();
  for (const { runId, sequence, contributors, position, result } of receipts) {
    if (sequence !== (boundaries.get(runId) ?? 0) + 1)
      complain("G4", `run ${runId} has boundary ${sequence} at ${position}`);
    boundaries.set(runId, INNER_RESULTS.has(result) ? sequence : ENDED);
    for (const inputId of contributors) {
      if (contributed.has(inputId)) complain("G5", `${inputId} contributes twice, again at ${position}`);
      if (!known.has(inputId)) complain("G1", `${inputId} contributes at ${position} and was never admitted`);
      contributed.add(inputId);
    }
  }
}

/**
 * Whoever applies the inputs of all receipts in order gets the state that is stored. A run that was asked to end may
 * have answered with a state, which is kept, or with none.
 */
function checkState({ receipts, state }: LedgerRecord, complain: Complain): void {
  const { applied } = state === null ? { applied: [] } : (JSON.parse(state) as AppliedState);
  const expected: string[] = [];
  for (const { result, contributors } of receipts) {
    // What gave way to another input was not applied.
    if (result === "superseded") continue;
    const found = applied.slice(expected.length, expected.length + contributors.length);
    if (result !== "cancelled" || found.join() === contributors.join()) expected.push(...contributors);
  }
  if (applied.join() !== expected.join()) complain("G5", `the state applied ${applied.join()}, not ${expected.join()}`);
}
