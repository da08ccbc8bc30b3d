/** Compares what everybody was promised and told with what the store holds when a life is over. */
import { checkAsides } from "./check-asides.ts";
import { checkInputs } from "./check-inputs.ts";
import { checkOrder } from "./check-order.ts";
import { checkReceipts } from "./check-receipts.ts";
import { checkRunFacts } from "./check-runs.ts";
import { checkTimes } from "./check-times.ts";
import { checkTold } from "./check-told.ts";
import { type LedgerRecord, readLedger } from "./ledger-record.ts";
import type { Complain, Life } from "./life.ts";
import { readPlaces } from "./places.ts";
import { isRunnable } from "./witness.ts";
import type { World } from "./world.ts";

/** Checks a life; what is wrong is added to the violations of its witness. */
export async function checkLife(life: Life): Promise<void> {
  const { world } = life;
  if (!life.isDrained) complainOfDelay(life);
  const ledgers = new Map<string, LedgerRecord>();
  for (const ref of world.sessions) {
    const ledger = await readLedger(world, ref);
    if (ledger === null) continue;
    ledgers.set(ref.sessionId, ledger);
    // What a destroyed session held is gone, and nobody is promised otherwise.
    if (ledger.session.phase === "destroyed") continue;
    const complain: Complain = (guarantee, text) => world.witness.report(guarantee, `${ref.sessionId}: ${text}`);
    checkReceipts(world, ledger, complain);
    checkInputs(world, ledger, { complain, isDrained: life.isDrained });
    const places = readPlaces(ledger, complain);
    checkOrder(ledger, places, complain);
    checkTimes(world, { ledger, places }, complain);
    checkAsides(life, { ledger, places }, complain);
    checkRunFacts(world, ledger, complain);
  }
  checkTold(life, ledgers);
  checkSteps(world);
}

function complainOfDelay({ world, workload }: Life): void {
  const { witness } = world;
  for (const ref of world.sessions) {
    const facts = witness.latest(ref);
    if (facts === null || (!isRunnable(facts) && facts.dueAt === null)) continue;
    const { record, run, dueAt, waking, now } = facts;
    const rest = `queued ${record.queued}, waking ${waking}, scheduled ${record.scheduled}`;
    const state = `run ${run?.runId ?? "none"}, due in ${dueAt === null ? "never" : `${dueAt - now} ms`}`;
    witness.report("G8", `${ref.sessionId} is not done: ${rest}, ${state}`);
  }
  const untold = workload.sendings.filter(({ isAwaited, outcome }) => isAwaited && outcome === null);
  for (const { plan, ref } of untold)
    witness.report("G9", `${ref.sessionId}: the sender of ${plan.number} was not told`);
  const waiting = workload.waitings.filter(({ outcome }) => outcome === null);
  for (const { plan, ref } of waiting)
    witness.report("G9", `${ref.sessionId}: who waits for ${plan.number} was not told`);
}

/** The first result of a journaled step stays: whoever got one got the same. */
function checkSteps({ turns, rollbacks, witness }: World): void {
  if (rollbacks.length > 0) return;
  const first = new Map<string, string>();
  for (const { turn, step } of turns) {
    if (step === null) continue;
    const known = first.get(turn.runId);
    if (known === undefined) first.set(turn.runId, step);
    else if (known !== step) witness.report("G5", `a step of ${turn.runId} returned ${known}, then ${step}`);
  }
}
