/**
 * Lives one simulated life: the real runtime in several processes over one
 * store, in virtual time, with everything going wrong that its seed says, and
 * then, once nothing goes wrong any more, until everything is done.
 *
 * Everything happens in one thread and in an order that only the seed decides,
 * so the same seed always gives the same history.
 */
import { checkLife } from "./check-life.ts";
import { Cluster } from "./cluster.ts";
import type { ModelStore, OpenModelStore } from "./model-store.ts";
import { Nemesis, type TroubleCounts } from "./nemesis.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Violation } from "./violation.ts";
import { isRunnable, type StoreCounts } from "./witness.ts";
import { Workload } from "./workload.ts";
import { createWorld, type World } from "./world.ts";

/** How a life is simulated. */
export interface SimulationOptions {
  readonly openStore: OpenModelStore;
  /** Breaks something, to see whether it is noticed. */
  readonly mutate?: (store: ModelStore) => ModelStore;
}

/** What came of one life. */
export interface SimulationResult {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly counts: SimulationCounts;
  /** What happened, one line each. Made on demand. */
  history(): string[];
  /** Equal for equal histories. */
  digest(): string;
}

/** What is counted over many lives. */
export interface SimulationCounts extends StoreCounts, TroubleCounts {
  /** Things that happened. */
  events: number;
  virtualMs: number;
  /** Attempts that an executor began. */
  turns: number;
}

/** Simulates the life of a seed. */
export async function simulate(seed: number, options: SimulationOptions): Promise<SimulationResult> {
  const plan = planOf(seed);
  const { openStore, mutate = (store) => store } = options;
  const world = createWorld(plan, (storeOptions) => mutate(openStore(storeOptions)));
  const cluster = new Cluster(world);
  const workload = new Workload(world, cluster);
  const nemesis = new Nemesis(world, cluster);
  await cluster.start();
  workload.schedule();
  nemesis.schedule();
  await run(world, { forMs: plan.activeMs });
  nemesis.end();
  const isDrained = await drain(world, { cluster, workload });
  await checkLife({ world, workload, isDrained });
  return {
    plan,
    violations: world.witness.violations,
    counts: {
      ...world.witness.counts,
      ...nemesis.counts,
      events: world.history.length,
      virtualMs: world.clock.monotonic(),
      turns: world.turns.length,
    },
    history: () => world.history.lines(),
    digest: () => world.history.digest(),
  };
}

/** Lets time pass, until something holds if it is given. Answers whether it did. */
async function run(
  { clock }: World,
  { forMs, until }: { readonly forMs: number; readonly until?: () => boolean },
): Promise<boolean> {
  const end = clock.monotonic() + forMs;
  await reactions();
  while (until?.() !== true) {
    if (!clock.fireNext(end)) return false;
    await reactions();
  }
  return true;
}

/** Resolves when every promise that is settled has run its reactions, and those theirs. */
function reactions(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Waits until the work is done, then until the silent work is done too, then until everybody was told. */
async function drain(
  world: World,
  { cluster, workload }: { readonly cluster: Cluster; readonly workload: Workload },
): Promise<boolean> {
  const forMs = patienceMs(world);
  const { sessions } = world;
  const isIdle = await run(world, {
    forMs,
    until: () => workload.isSent && world.underway === 0 && sessions.every((_, index) => isAtRest(world, index)),
  });
  if (!isIdle) return false;
  workload.finish();
  const silent = sessions.flatMap((_, index) => (isLeftSilent(world, index) ? [index] : []));
  for (const index of silent) void workload.wakeUp(index);
  const until = () => cluster.isIdle && isOver(world, workload);
  await run(world, { forMs, until });
  // Whoever woke up last has something to say yet: it must change nothing.
  await run(world, { forMs: EPILOGUE_MS });
  return run(world, { forMs, until });
}

const EPILOGUE_MS = 100;

/**
 * The longest that anything may take once nothing goes wrong any more: a turn
 * that is under way, a process that is not there yet, a lease of one that will
 * never come back, sweeps that find it, retries and inputs that wait for a time.
 */
function patienceMs({ plan: { timing, troubles } }: World): number {
  // What was due before the store's clock was set back is due that much later.
  const setBackMs = troubles.map((trouble) => (trouble.type === "clock_jump" ? Math.max(0, -trouble.ms) : 0));
  return 5_000 + 12 * timing.leaseMs + setBackMs.reduce((sum, ms) => sum + ms, 0);
}

function isAtRest({ witness, sessions }: World, index: number): boolean {
  const facts = witness.latest(sessions[index] as World["sessions"][number]);
  return facts === null || (!isRunnable(facts) && facts.dueAt === null);
}

function isLeftSilent({ witness, sessions }: World, index: number): boolean {
  const facts = witness.latest(sessions[index] as World["sessions"][number]);
  return facts !== null && facts.record.queued + facts.record.scheduled > 0;
}

function isOver(world: World, { sendings, waitings, isSent, asides }: Workload): boolean {
  const isTold = sendings.every(({ told, isAwaited, outcome }) => told !== null && (!isAwaited || outcome !== null));
  return (
    isTold &&
    asides.isTold &&
    isSent &&
    world.underway === 0 &&
    waitings.every(({ outcome }) => outcome !== null) &&
    world.sessions.every((_, index) => isAtRest(world, index) && !isLeftSilent(world, index))
  );
}
