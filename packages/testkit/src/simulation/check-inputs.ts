import type { InputId, Outcome, Receipt } from "@holdfast/contracts";
import type { InputRecord } from "@holdfast/runtime";
import { INNER_RESULTS } from "./check-receipts.ts";
import { isSameJson } from "./is-same-json.ts";
import type { LedgerRecord } from "./ledger-record.ts";
import type { Complain } from "./life.ts";
import type { World } from "./world.ts";

/** Inputs are numbered densely, each ended exactly once, and none was tried more often than its budget allows. */
export function checkInputs(
  world: World,
  ledger: LedgerRecord,
  { complain, isDrained }: { readonly complain: Complain; readonly isDrained: boolean },
): void {
  checkInputRecord(ledger, { complain, isDrained });
  checkAdmissions(world, ledger, complain);
  for (const input of ledger.inputs) checkBudget(world, ledger, { input, complain });
  checkSettlements(world, ledger, { complain, isDrained });
}

/** As far as the ledger alone can tell. */
export function checkInputRecord(
  ledger: LedgerRecord,
  { complain, isDrained }: { readonly complain: Complain; readonly isDrained: boolean },
): void {
  ledger.inputs.forEach((input, index) => {
    const { admission, inputId } = input;
    if (admission !== index + 1) complain("G1", `${inputId} has admission ${admission} at place ${index + 1}`);
    checkPlace(ledger, input, complain);
    if (isDrained) checkEnd(ledger, input, complain);
  });
  if (isDrained) checkRest(ledger, complain);
}

function checkAdmissions({ witness }: World, { ref, inputs }: LedgerRecord, complain: Complain): void {
  let admitted = 0;
  for (const fact of witness.facts) {
    if (fact.type !== "admitted" || fact.ref.sessionId !== ref.sessionId) continue;
    admitted += 1;
    if (inputs[fact.admission - 1]?.inputId === fact.inputId) continue;
    complain("G1", `${fact.inputId} was admitted as ${fact.admission} and is not there`);
  }
  if (admitted !== inputs.length) complain("G1", `${admitted} inputs were admitted, ${inputs.length} are there`);
}

function checkBudget(
  { plan }: World,
  { events }: LedgerRecord,
  { input, complain }: { readonly input: InputRecord; readonly complain: Complain },
): void {
  const { inputId, attempts, failures, losses, runId } = input;
  const { maxFailures, maxLosses } = plan.budget;
  if (failures > maxFailures) complain("G1", `${inputId} failed ${failures} times of ${maxFailures}`);
  if (losses > maxLosses) complain("G1", `${inputId} was lost ${losses} times of ${maxLosses}`);
  if (plan.isCalm && losses > 0) complain("G5", `${inputId} was lost ${losses} times while nothing went wrong`);
  const resumed = events.filter(({ event }) => event.type === "run.resumed" && event.runId === runId).length;
  if (plan.isCalm && attempts > 1 + failures + resumed)
    complain("G5", `${inputId} was tried ${attempts} times for no reason`);
}

/** What is staged is staged for somebody. */
function checkPlace({ session }: LedgerRecord, { inputId, status }: InputRecord, complain: Complain): void {
  if (status === "staged" && !session.hasRun) complain("G1", `${inputId} is staged and no run has it`);
}

/** After everything is done every input is terminal, and its outcome is what its receipt says. */
function checkEnd({ receipts }: LedgerRecord, { inputId, status, outcome }: InputRecord, complain: Complain): void {
  if (outcome === null) {
    complain("G1", `${inputId} is ${status} and has not ended`);
    return;
  }
  if (outcome.kind === "superseded") {
    checkGivenWay(receipts, { inputId, by: outcome.by }, complain);
    return;
  }
  const position = "position" in outcome ? outcome.position : undefined;
  const expected = endingPositions(receipts, inputId, outcome);
  if (!expected.includes(position)) complain("G5", `${inputId} ended at ${position}, its receipt is ${expected[0]}`);
}

/** An input that was staged gave way with its run, under a receipt that says so. */
function checkGivenWay(
  receipts: readonly Receipt[],
  { inputId, by }: { readonly inputId: InputId; readonly by: InputId },
  complain: Complain,
): void {
  const first = receipts.find(({ contributors }) => contributors.includes(inputId));
  if (first === undefined) return;
  const last = receipts.findLast(({ runId }) => runId === first.runId);
  if (last?.result !== "superseded")
    complain("G5", `${inputId} gave way to ${by}, and its receipt says ${last?.result}`);
}

/** Where an input may have ended: what an inner boundary applied ends with its run. */
function endingPositions(
  receipts: readonly Receipt[],
  inputId: InputId,
  { kind }: Outcome,
): readonly (number | undefined)[] {
  const first = receipts.find(({ contributors }) => contributors.includes(inputId));
  const boundaries = receipts.filter(({ runId }) => runId === first?.runId);
  const last = boundaries.at(-1);
  // A run that was asked to end and died leaves what it had committed.
  if (kind === "cancelled" && last !== undefined) return boundaries.map(({ position }) => position);
  return [last === undefined || INNER_RESULTS.has(last.result) ? undefined : last.position];
}

/** The store told of every end once, as it still says. */
function checkSettlements(
  { witness }: World,
  { ref, inputs }: LedgerRecord,
  { complain, isDrained }: { readonly complain: Complain; readonly isDrained: boolean },
): void {
  const told = new Map<string, number>();
  const outcomes = new Map<string, unknown>(inputs.map(({ inputId, outcome }) => [inputId, outcome]));
  for (const fact of witness.facts) {
    if (!("outcome" in fact) || fact.ref.sessionId !== ref.sessionId) continue;
    if (fact.type === "settled") told.set(fact.inputId, (told.get(fact.inputId) ?? 0) + 1);
    if (isSameJson(fact.outcome, outcomes.get(fact.inputId))) continue;
    complain("G1", `${fact.inputId} ended as ${JSON.stringify(fact.outcome)} and is told otherwise`);
  }
  for (const { inputId } of inputs) {
    const count = told.get(inputId) ?? 0;
    if (count > 1 || (isDrained && count < 1)) complain("G1", `${inputId} ended ${count} times`);
  }
}

function checkRest({ session, dueAt, due }: LedgerRecord, complain: Complain): void {
  if (session.hasRun) complain("G8", "a run is still staged");
  if (due.kind !== "nothing") complain("G8", `${due.kind} is left to do`);
  if (dueAt !== null) complain("G8", `it is due at ${dueAt} with nothing to do`);
}
