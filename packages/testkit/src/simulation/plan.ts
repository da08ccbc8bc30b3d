/**
 * What will happen in one simulated life, drawn from its seed before it begins:
 * who takes part, what they are told to do, and what goes wrong when.
 */
import {
  DEFAULT_LOOP_LIMITS,
  DEFAULT_TIMING,
  type FailureMode,
  type LoopLimits,
  type RetryBudget,
  type Timing,
} from "@holdfast/contracts";
import { type Chance, createChance } from "./chance.ts";
import { drawOrders, type Order } from "./plan-orders.ts";
import { drawTroubles, type Trouble } from "./plan-trouble.ts";
import { CALM, drawWeather, type Weather } from "./weather.ts";

/** One simulated life. */
export interface Plan {
  readonly seed: number;
  /** Nothing goes wrong. */
  readonly isCalm: boolean;
  readonly workers: readonly WorkerPlan[];
  readonly clients: number;
  readonly sessions: readonly SessionPlan[];
  readonly timing: Timing;
  /** A worker notices neither that it slept nor that its lease ended: only fencing stops it. */
  readonly isSleepUnnoticed: boolean;
  readonly budget: RetryBudget;
  readonly loop: LoopLimits;
  readonly weather: Weather;
  readonly troubles: readonly Trouble[];
  readonly orders: readonly Order[];
  /** How long things go wrong and senders send. */
  readonly activeMs: number;
}

/** A place for a worker process; when one dies another takes it. */
export interface WorkerPlan {
  readonly executors: readonly string[];
}

/** A session that senders send to. */
export interface SessionPlan {
  readonly executor: string;
  readonly onFailure: FailureMode;
}

/** The plan of a seed. */
export function planOf(seed: number): Plan {
  const chance = createChance(seed, "plan");
  const timing = drawTiming(chance);
  const activeMs = Math.round(timing.leaseMs * (1 + 2 * chance.fraction()));
  const isCalm = chance.isHit(0.06);
  const workers = drawWorkers(chance);
  const clients = chance.between(1, 2);
  const sessions = drawSessions(chance, workers);
  return {
    seed,
    isCalm,
    workers,
    clients,
    sessions,
    timing,
    isSleepUnnoticed: chance.isHit(0.5),
    budget: {
      maxFailures: 3,
      maxLosses: chance.pick([3, 10, 10]),
      backoffMs: timing.leaseMs / 10,
      backoffCapMs: 5_000,
    },
    loop: drawLoop(chance),
    weather: isCalm ? CALM : drawWeather(chance, timing),
    troubles: isCalm
      ? []
      : drawTroubles(createChance(seed, "trouble"), {
          timing,
          activeMs,
          workers: workers.length,
          clients,
        }),
    orders: drawOrders(createChance(seed, "orders"), { activeMs, clients, sessions: sessions.length, isCalm }),
    activeMs,
  };
}

/** Mostly leases much shorter than the default, so that a short life sees many end. */
function drawTiming(chance: Chance): Timing {
  const leaseMs = chance.pick([1_000, 2_000, 2_000, 3_000, DEFAULT_TIMING.leaseMs]);
  if (leaseMs === DEFAULT_TIMING.leaseMs) return DEFAULT_TIMING;
  return {
    leaseMs,
    renewMs: leaseMs * 0.3,
    safetyMs: leaseMs * 0.3,
    graceMs: leaseMs * 0.1,
    sweepDelayMs: leaseMs * 0.2,
    rewakeMs: leaseMs * 0.1,
    sweepPollMs: leaseMs * 0.15,
    unhostedMs: leaseMs * 3,
    warmMs: leaseMs * chance.pick([0, 1, 6]),
    warmClaimMs: 20,
    collectAfterMs: 3_600_000,
    unregisterMs: leaseMs * 3,
  };
}

function drawLoop(chance: Chance): LoopLimits {
  return {
    ...DEFAULT_LOOP_LIMITS,
    yieldBoundaries: chance.pick([1, 3, DEFAULT_LOOP_LIMITS.yieldBoundaries]),
    batchInputs: chance.pick([1, 2, 3, DEFAULT_LOOP_LIMITS.batchInputs]),
    concurrency: chance.pick([1, 2, DEFAULT_LOOP_LIMITS.concurrency]),
  };
}

/** The executor that takes one prompt at a time, and the one that takes several. */
const EXECUTORS = ["single", "batching"] as const;

function drawWorkers(chance: Chance): WorkerPlan[] {
  const count = chance.between(2, 3);
  return Array.from({ length: count }, (_, index) => {
    // The first hosts both, so that no session is left without a host.
    const isPartial = index > 0 && chance.isHit(0.2);
    return { executors: isPartial ? [chance.pick(EXECUTORS)] : EXECUTORS };
  });
}

function drawSessions(chance: Chance, workers: readonly WorkerPlan[]): SessionPlan[] {
  const count = chance.pick([1, 1, 2, 2, workers.length]);
  return Array.from({ length: count }, () => ({
    executor: chance.pick(EXECUTORS),
    onFailure: chance.pick(["hold", "defer"] as const),
  }));
}
