import type { SessionRef } from "@holdfast/contracts";
import type { Store, Turn } from "@holdfast/runtime";
import { createVirtualClock, type VirtualClock } from "../clock/virtual-clock.ts";
import { sessionRef } from "../fixtures/ids.ts";
import { type Chance, createChance } from "./chance.ts";
import { History } from "./history.ts";
import type { ModelStore, OpenModelStore } from "./model-store.ts";
import type { SimulatedNode } from "./node.ts";
import type { Plan } from "./plan.ts";
import type { Trap } from "./plan-trouble.ts";
import { SimulatedNotifications } from "./simulated-notifications.ts";
import { SimulatedQueue } from "./simulated-queue.ts";
import { STARTS_AT } from "./starts-at.ts";
import type { TurnRecord } from "./turn-record.ts";
import type { Weather } from "./weather.ts";
import { Witness } from "./witness.ts";

/** Everything simulated processes share. */
export interface World {
  readonly plan: Plan;
  /** Drives everything; nodes and the store read it through clocks of their own. */
  readonly clock: VirtualClock;
  readonly store: ModelStore;
  /** The ports of the store itself, with nothing between. */
  readonly storePorts: Store;
  readonly sessions: readonly SessionRef[];
  readonly queue: SimulatedQueue;
  readonly notifications: SimulatedNotifications;
  readonly history: History;
  readonly witness: Witness;
  /** Every attempt that an executor began. */
  readonly turns: TurnRecord[];
  /** Chance of what travels, of what executors do, and of what processes draw. */
  readonly wireChance: Chance;
  readonly turnChance: Chance;
  readonly nodeChance: Chance;
  /** What strikes the next process that passes a place in a turn. */
  readonly traps: { readonly where: NonNullable<Trap>; readonly strike: (node: SimulatedNode) => void }[];
  /** Stretches of the history that the store forgot. */
  readonly rollbacks: { readonly from: number; readonly to: number }[];
  /** Requests that have not reached the store yet. */
  underway: number;
  weather: Weather;
  /** Executors do at once what they are asked. */
  isQuiet: boolean;
  /** A run is about to wait for somebody's answer; whoever drives the clients says who gives it. */
  askApproval: (turn: Pick<Turn, "ref" | "runId">) => void;
  /** Moves the store's clock, and no other. */
  jumpStoreClock(ms: number): void;
}

/** A world in which nothing has happened yet. */
export function createWorld(plan: Plan, openStore: OpenModelStore): World {
  const clock = createVirtualClock(STARTS_AT);
  let storeOffset = 0;
  let setBack = 0;
  const storeNow = () => clock.now() + storeOffset;
  const history = new History(() => clock.monotonic());
  const store = openStore({
    clock: { now: storeNow, monotonic: () => clock.monotonic(), after: (ms, fn) => clock.after(ms, fn) },
    timing: plan.timing,
    budget: plan.budget,
  });
  const storePorts = store.connect();
  const sessions = plan.sessions.map((_, index) => sessionRef(`s${index + 1}`));
  const weather = () => world.weather;
  const hints = { clock, weather, history, chance: createChance(plan.seed, "hints") };
  const world: World = {
    plan,
    clock,
    store,
    storePorts,
    sessions,
    queue: new SimulatedQueue({ ...hints, stallMs: plan.timing.leaseMs }),
    notifications: new SimulatedNotifications(hints),
    history,
    witness: new Witness({ store: storePorts, sessions, timing: plan.timing, now: storeNow, setBackMs: () => setBack }),
    turns: [],
    underway: 0,
    traps: [],
    rollbacks: [],
    wireChance: createChance(plan.seed, "wire"),
    turnChance: createChance(plan.seed, "turns"),
    nodeChance: createChance(plan.seed, "nodes"),
    isQuiet: plan.isCalm,
    askApproval: () => {},
    weather: plan.weather,
    jumpStoreClock: (ms) => {
      storeOffset += ms;
      setBack += Math.max(0, -ms);
    },
  };
  return world;
}
