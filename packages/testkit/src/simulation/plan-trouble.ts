import type { Timing } from "@holdfast/contracts";
import type { Chance } from "./chance.ts";

/** Something that goes wrong at a time. */
export type Trouble = { readonly at: number } & (
  | { readonly type: "crash"; readonly worker: number; readonly trap: Trap; readonly downMs: number }
  | { readonly type: "deploy"; readonly worker: number; readonly graceMs: number; readonly downMs: number }
  | { readonly type: "pause"; readonly worker: number; readonly trap: Trap; readonly forMs: number }
  /** A node that cannot reach the store for a while; workers first, then clients. */
  | { readonly type: "cut"; readonly node: number; readonly forMs: number }
  | { readonly type: "queue_outage"; readonly forMs: number }
  | { readonly type: "notifier_outage"; readonly forMs: number }
  | { readonly type: "clock_jump"; readonly ms: number }
  /** The store goes back to where it was; whoever is in the trap sleeps through it. */
  | { readonly type: "rollback"; readonly takenAt: number; readonly trap: Trap; readonly pauseMs: number }
);

/** Where in a turn it strikes: it waits for the next one. `null` strikes wherever a worker stands. */
export type Trap = "start" | "step" | "end" | null;

/** What goes wrong depends on how long things take and who is there. */
export interface TroubleOptions {
  readonly timing: Timing;
  readonly activeMs: number;
  readonly workers: number;
  readonly clients: number;
}

const TRAPS: readonly Trap[] = [null, "start", "start", "step", "end"];

/** Draws the troubles of one life, in the order of their time. */
export function drawTroubles(chance: Chance, options: TroubleOptions): Trouble[] {
  const { timing, activeMs, workers, clients } = options;
  const at = () => chance.between(0, activeMs);
  const worker = () => chance.between(0, workers - 1);
  const someTimes = <T extends Trouble>(most: number, draw: () => T): T[] => {
    return Array.from({ length: chance.between(0, most) }, draw);
  };
  const trap = () => chance.pick(TRAPS);
  const leases = (most: number) => Math.round(timing.leaseMs * most * chance.fraction());
  const maybe = (probability: number, draw: () => Trouble): Trouble[] => (chance.isHit(probability) ? [draw()] : []);
  const troubles: Trouble[] = [
    ...someTimes(3, () => ({ at: at(), type: "crash", worker: worker(), trap: trap(), downMs: leases(1) }) as const),
    ...someTimes(4, () => ({ at: at(), type: "pause", worker: worker(), trap: trap(), forMs: leases(3) }) as const),
    ...maybe(0.2, () => ({ at: at(), type: "deploy", worker: worker(), graceMs: leases(0.5), downMs: leases(0.5) })),
    ...maybe(0.3, () => ({
      at: at(),
      type: "cut",
      node: chance.between(0, workers + clients - 1),
      forMs: leases(2),
    })),
    ...maybe(0.2, () => ({ at: at(), type: "queue_outage", forMs: leases(2) })),
    ...maybe(0.2, () => ({ at: at(), type: "notifier_outage", forMs: leases(2) })),
    ...maybe(0.15, () => ({ at: at(), type: "clock_jump", ms: chance.pick([-1, 1]) * leases(5) })),
    ...maybe(0.25, () => drawRollback(chance, { activeMs, pauseMs: chance.pick([0, leases(2)]) })),
  ];
  return troubles.sort((one, other) => one.at - other.at);
}

function drawRollback(
  chance: Chance,
  { activeMs, pauseMs }: { readonly activeMs: number; readonly pauseMs: number },
): Trouble {
  const at = chance.between(1, activeMs);
  const lostMs = chance.between(1, Math.round(activeMs * chance.pick([0.1, 0.5])));
  return { at, type: "rollback", takenAt: Math.max(0, at - lostMs), trap: chance.pick(TRAPS), pauseMs };
}
