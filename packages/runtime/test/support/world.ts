/**
 * Processes around one store, under a clock that a test moves.
 *
 * Nothing here waits for real time: the world is quiet when no call to the store
 * is in flight and no promise is left to react.
 */
import {
  DEFAULT_INPUT_LIMITS,
  DEFAULT_LOOP_LIMITS,
  DEFAULT_RETENTION,
  DEFAULT_RETRY_BUDGET,
  DEFAULT_TIMING,
  type InputLimits,
  type LoopLimits,
  type NodeId,
  type Retention,
  type RetryBudget,
  type Timing,
} from "@holdfast/contracts";
import type { MemoryNotifierHub, MemoryStore, MemoryWakeQueueHub } from "@holdfast/store-memory";
import { createMemoryNotifier, createMemoryStore, createMemoryWakeQueue } from "@holdfast/store-memory";
import { createSeededRandom, createVirtualClock, nodeId, type VirtualClock } from "@holdfast/testkit";
import { onTestFinished } from "vitest";
import {
  createSessionRuntime,
  type Executor,
  type Ledger,
  type Report,
  type RunningRuntime,
  type SessionRuntime,
  type Store,
  sha256,
  type WakeQueue,
} from "../../src/index.ts";
import { mapPorts } from "./map-ports.ts";
import { ProcessLife } from "./process-life.ts";

/** What a world is made with. */
export interface WorldOptions {
  readonly timing?: Partial<Timing>;
  readonly budget?: Partial<RetryBudget>;
  readonly retention?: Partial<Retention>;
  readonly ackLevel?: "memory" | "fsync";
}

/** A store that a world is built around, and how its time follows the world's. */
export interface WorldStore {
  /** All ports as one more process sees them; the notifier is the world's. */
  connect(): Store;
  /** The store's time is so much later. */
  advanceTime(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** What a process is started with. */
export interface ProcessOptions {
  readonly executors?: readonly Executor[];
  readonly loop?: Partial<LoopLimits>;
  readonly inputLimits?: Partial<InputLimits>;
  /** Stands between the process and its store. */
  readonly wrap?: (store: Store) => Store;
  /** Stands between the process and its queue. */
  readonly wrapQueue?: (queue: WakeQueue) => WakeQueue;
}

/** A process of a world. */
export interface TestProcess extends RunningRuntime {
  readonly node: NodeId;
  readonly runtime: SessionRuntime;
  /** What it reported, in order. */
  readonly reports: Report[];
  /** How often it called each method of the ledger. */
  readonly calls: Readonly<Record<keyof Ledger, number>>;
  /** Ends it without a word. */
  kill(): void;
  /** Stops it as SIGSTOP does, and takes no more wakes. */
  freeze(): void;
  thaw(): void;
}

/** Processes around one store. */
export interface World {
  readonly clock: VirtualClock;
  /** The store as nobody's process sees it. */
  readonly store: Store;
  readonly timing: Timing;
  readonly notices: MemoryNotifierHub;
  readonly wakes: MemoryWakeQueueHub;
  /** Creates a process and starts it. */
  start(name: string, options?: ProcessOptions): Promise<TestProcess>;
  /** Moves time on; everything that falls due on the way happens at its own time. */
  advance(ms: number): Promise<void>;
  /** Lets happen what needs no time. */
  settle(): Promise<void>;
}

const CALLS = ["admit", "claim", "advance", "renew", "sweep", "inspectDue", "settleChores", "watch"] as const;

/** A world around a store in process; it ends with the test. */
export function createWorld(options: WorldOptions = {}): World & { readonly store: MemoryStore } {
  const clock = createVirtualClock();
  const notices = createMemoryNotifier({ clock });
  const store = createMemoryStore({ clock, notifier: notices, ...options });
  const around: WorldStore = {
    connect: () => store.connect(),
    advanceTime: async () => {}, // It reads the world's clock.
    close: () => store.close(),
  };
  return { ...createWorldAround(around, { ...options, clock, notices }), store };
}

/** A world around any store; it ends with the test. */
export function createWorldAround(
  around: WorldStore,
  options: WorldOptions & { readonly clock: VirtualClock; readonly notices: MemoryNotifierHub },
): World {
  const { clock, notices } = options;
  const timing: Timing = { ...DEFAULT_TIMING, ...options.timing };
  const wakes = createMemoryWakeQueue({ clock });
  const traffic = new Traffic();
  const killAll: (() => void)[] = [];
  let seed = 0;
  let storeTime = Math.floor(clock.now());

  async function moveTo(at: number): Promise<void> {
    const next = Math.floor(clock.now() + at - clock.monotonic());
    if (next > storeTime) await around.advanceTime(next - storeTime);
    storeTime = Math.max(storeTime, next);
    await clock.advance(at - clock.monotonic());
    await traffic.quiet();
  }

  async function advance(ms: number): Promise<void> {
    const target = clock.monotonic() + ms;
    await traffic.quiet();
    for (let at = clock.nextAt(); at !== null && at <= target; at = clock.nextAt()) await moveTo(at);
    await moveTo(target);
  }

  async function start(name: string, settings: ProcessOptions = {}): Promise<TestProcess> {
    const life = new ProcessLife();
    const { wrap = (store) => store, wrapQueue = (queue) => queue } = settings;
    const calls = Object.fromEntries(CALLS.map((call) => [call, 0])) as Record<keyof Ledger, number>;
    const reports: Report[] = [];
    const queue = wakes.connect();
    const node = nodeId(name);
    seed += 1;
    const running = createSessionRuntime(
      {
        node,
        store: life.store(wrap(traffic.counting(around.connect(), calls))),
        wakeQueue: life.wakeQueue(wrapQueue(queue)),
        clock: life.clock(clock),
        random: createSeededRandom(seed),
        sha256,
        timing,
        budget: { ...DEFAULT_RETRY_BUDGET, ...options.budget },
        loop: { ...DEFAULT_LOOP_LIMITS, ...settings.loop },
        inputLimits: { ...DEFAULT_INPUT_LIMITS, ...settings.inputLimits },
        retention: { ...DEFAULT_RETENTION, ...options.retention },
        report: (report) => reports.push(report),
      },
      settings.executors ?? [],
    );
    const leaveQueue = () => void queue.close();
    killAll.push(() => life.kill());
    await running.start();
    await advance(0);
    return {
      ...running,
      node,
      reports,
      calls,
      kill: () => {
        leaveQueue();
        life.kill();
      },
      freeze: () => {
        leaveQueue();
        life.freeze();
      },
      thaw: () => life.thaw(),
    };
  }

  onTestFinished(async () => {
    for (const kill of killAll) kill();
    await traffic.quiet();
    await around.close();
  });
  return { clock, store: around.connect(), timing, notices, wakes, start, advance, settle: () => advance(0) };
}

/** Calls to the store that are on their way. */
class Traffic {
  #inFlight = 0;

  /** A store whose calls are known here and counted there. */
  counting(store: Store, calls: Record<keyof Ledger, number>): Store {
    return mapPorts(store, (port) => this.#port(port, port === store.ledger ? calls : {}));
  }

  /** Resolves when nothing is on its way and every reaction to what arrived has run. */
  async quiet(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#inFlight > 0);
  }

  #port<P extends object>(port: P, calls: Partial<Record<PropertyKey, number>>): P {
    return new Proxy(port, {
      get: (target, name, receiver) => {
        const method: unknown = Reflect.get(target, name, receiver);
        if (typeof method !== "function") return method;
        return async (...args: never[]) => {
          const counted = calls[name];
          if (counted !== undefined) calls[name] = counted + 1;
          this.#inFlight += 1;
          try {
            return await (method as (...args: never[]) => unknown).apply(target, args);
          } finally {
            this.#inFlight -= 1;
          }
        };
      },
    });
  }
}
