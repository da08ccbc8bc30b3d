/** What the store was asked to do with runs, and what executors were handed of them, compared with what it holds. */
import type { InputId } from "@holdfast/contracts";
import type { LedgerRecord } from "./ledger-record.ts";
import type { Complain } from "./life.ts";
import type { TurnRecord } from "./turn-record.ts";
import type { StoreFact } from "./witness.ts";
import type { World } from "./world.ts";

/** Checks the runs of one session. */
export function checkRunFacts(world: World, ledger: LedgerRecord, complain: Complain): void {
  const { sessionId } = ledger.ref;
  const facts = world.witness.facts.filter((fact) => fact.ref.sessionId === sessionId);
  checkAsked(facts, complain);
  checkJoined(facts, ledger, complain);
  checkResumed(facts, ledger, complain);
  // What the store forgot was handed out all the same.
  const handedOut = [...facts, ...world.witness.lost.filter((fact) => fact.ref.sessionId === sessionId)];
  for (const turn of world.turns) if (turn.turn.ref.sessionId === sessionId) checkHandedOut(handedOut, turn, complain);
}

/** A run that was asked to end is staged no more, and at its boundary it commits one and ends. */
function checkAsked(facts: readonly StoreFact[], complain: Complain): void {
  facts.forEach((fact, at) => {
    if (fact.type !== "asked") return;
    const { runId, mode } = fact;
    const later = facts.slice(at + 1);
    if (mode === "boundary") {
      checkBoundary(later, fact, complain);
      return;
    }
    const isStaged = later.some((other) => other.type === "staged" && other.fence.runId === runId);
    if (isStaged) complain("G10", `${runId} was asked to end (${mode}) and staged again`);
    const isParked = later.some((other) => {
      return other.type === "committed" && other.commit.fence.runId === runId && other.commit.result === "suspended";
    });
    if (isParked) complain("G10", `${runId} was asked to end (${mode}) and suspended`);
  });
}

/** What was asked of an attempt that died is forgotten with it. */
function checkBoundary(
  later: readonly StoreFact[],
  { runId }: Extract<StoreFact, { type: "asked" }>,
  complain: Complain,
): void {
  const next = later.findIndex((other) => other.type === "staged" && other.fence.runId === runId);
  const ofAttempt = next < 0 ? later : later.slice(0, next);
  const inner = ofAttempt.filter((other) => {
    return other.type === "committed" && other.commit.fence.runId === runId && other.commit.result === "checkpointed";
  });
  if (inner.length > 1) complain("G10", `${runId} was asked to end at its boundary and passed ${inner.length}`);
}

/** The session tells of exactly those inputs that joined, in order. */
function checkJoined(facts: readonly StoreFact[], { events }: LedgerRecord, complain: Complain): void {
  const taken = facts.flatMap((fact) => (fact.type === "joined" ? fact.inputIds : []));
  const told = events.flatMap(({ event }) => (event.type === "run.steered" ? event.inputIds : []));
  if (taken.join() !== told.join())
    complain("G5", `${taken.join()} joined runs, and the session tells of ${told.join()}`);
}

/** A suspended run goes on because somebody let it, or because what it waited for came. */
function checkResumed(facts: readonly StoreFact[], { events }: LedgerRecord, complain: Complain): void {
  const allowed = new Map<string, number>();
  const allow = (runId: string, more: number) => allowed.set(runId, (allowed.get(runId) ?? 0) + more);
  for (const fact of facts) {
    if (fact.type === "resumed") allow(fact.runId, 1);
    if (fact.type === "committed" && fact.commit.goesOn) allow(fact.commit.fence.runId, 1);
  }
  for (const { event } of events) if (event.type === "run.resumed") allow(event.runId, -1);
  for (const [runId, left] of allowed) if (left < 0) complain("G10", `${runId} went on and nobody let it`);
}

/** An inbox gives what was staged for its run under its fence, once and in order. */
function checkHandedOut(facts: readonly StoreFact[], { turn, joined }: TurnRecord, complain: Complain): void {
  if (joined.length === 0) return;
  const { token, claimId, runId } = turn.fence;
  const staged = facts.flatMap((fact): readonly InputId[] => {
    if (fact.type !== "joined") return [];
    const { fence } = fact;
    return fence.token === token && fence.claimId === claimId && fence.runId === runId ? fact.inputIds : [];
  });
  const isPart = joined.every((inputId) => staged.includes(inputId)) && new Set(joined).size === joined.length;
  if (!isPart) complain("G5", `the inbox of ${runId} gave ${joined.join()}, and ${staged.join()} was staged for it`);
}
