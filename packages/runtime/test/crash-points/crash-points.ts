/**
 * What is lost when something stops at the worst moment, point by point.
 *
 * The real runtime (ingress, loop, sweeper) runs over a store, in processes that
 * die, sleep or lose a reply exactly there. A test says what the ledger holds
 * afterwards, who goes on within which bound, what is repeated, and that in the
 * end every acknowledged input has ended once, in order (G1, G3, G5).
 *
 *    1 –  4  an admission: before it, its reply, its wake      admission.ts
 *    5, 6    a wake that is popped and not claimed with        wakes.ts
 *    7       a claim and its reply                             turns.ts
 *    8 – 10  a turn: death, sleep, death before the commit     turns.ts
 *   11, 12   a commit: its reply, what it staged               settlements.ts
 *   13, 15   a release with work left, and one without         wakes.ts
 *   14       an admission that overtakes a release             settlements.ts
 *   16 – 20  spent wakes, dead sweepers, workers and queues    wakes.ts
 *   21       a store that restarts from a prefix of its log    store-faults.ts
 *   22       a failover to a lagging replica: needs a replica and the `replicated` level, which no store offers
 *   23       a split brain: needs a second primary to demote, and the same level
 *   24       a control verb during a turn                      control.ts
 *   25, 26   a clock that jumps, a script that is torn         store-faults.ts
 *
 * Beside them, every named fault point is struck in every way: those of any session in `every-point.ts`, those of runs
 * that are steered, suspended and resumed in `live-points.ts`, and each control verb in `every-verb.ts`.
 */
import { describeAdmission } from "./admission.ts";
import { describeControlVerbs } from "./control.ts";
import { describeEveryPoint } from "./every-point.ts";
import { describeEveryVerb } from "./every-verb.ts";
import { describeLivePoints } from "./live-points.ts";
import type { OpenCrashPointStore } from "./scene.ts";
import { describeSettlements } from "./settlements.ts";
import { describeStoreFaults } from "./store-faults.ts";
import { describeTurns } from "./turns.ts";
import { describeWakes } from "./wakes.ts";

/** Proves every crash point on a store. */
export function describeCrashPoints(openStore: OpenCrashPointStore): void {
  describeAdmission(openStore);
  describeWakes(openStore);
  describeTurns(openStore);
  describeSettlements(openStore);
  describeControlVerbs(openStore);
  describeStoreFaults(openStore);
  describeEveryPoint(openStore);
  describeLivePoints(openStore);
  describeEveryVerb(openStore);
}
