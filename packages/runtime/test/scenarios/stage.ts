/**
 * Where scenarios are played: the real runtime in several processes around one
 * store, in virtual time. Suites are written once and called for each store.
 *
 * The title of a test begins with the ids of the scenarios it proves
 * (`data/scenarios`); `npm run scenarios` reads them from the results.
 */
import type { Binding, SessionRef } from "@holdfast/contracts";
import { createMemoryNotifier, type MemoryNotifierHub } from "@holdfast/store-memory";
import { binding, createVirtualClock, sessionRef, type VirtualClock } from "@holdfast/testkit";
import type { Executor } from "../../src/index.ts";
import {
  createWorldAround,
  type ProcessOptions,
  type TestProcess,
  type World,
  type WorldOptions,
  type WorldStore,
} from "../support/world.ts";

/** Opens an empty store for one test. */
export type OpenStageStore<S extends WorldStore = WorldStore> = (parts: {
  readonly clock: VirtualClock;
  readonly notices: MemoryNotifierHub;
  readonly options: WorldOptions;
}) => Promise<S>;

/** Opens a stage for one test; it ends with the test. */
export type OpenStage = (options?: WorldOptions) => Promise<Stage>;

/** A store, a process that only sends, and the session most tests are about. */
export interface Stage {
  readonly world: World;
  /** Hosts no executor. */
  readonly sender: TestProcess;
  /** Not registered until a test does so. */
  readonly ref: SessionRef;
  /** Starts one more process that hosts nothing. */
  process(name: string, options?: ProcessOptions): Promise<TestProcess>;
  /** Starts a process that hosts these executors. */
  worker(name: string, executors: Executor | readonly Executor[], options?: ProcessOptions): Promise<TestProcess>;
  /** Registers the session without a binding. */
  register(): Promise<void>;
  /** Binds the session to the executor that test workers host. */
  bind(onFailure?: Binding["onFailure"]): Promise<void>;
}

/** Makes stages on one kind of store. */
export function stagesOn(openStore: OpenStageStore): OpenStage {
  return async (options = {}) => {
    const clock = createVirtualClock();
    const notices = createMemoryNotifier({ clock });
    const store = await openStore({ clock, notices, options });
    const world = createWorldAround(store, { ...options, clock, notices });
    const sender = await world.start("sender");
    const ref = sessionRef("chat/42");
    return {
      world,
      sender,
      ref,
      process: (name, settings) => world.start(name, settings),
      worker: (name, executors, settings = {}) => {
        return world.start(name, { ...settings, executors: [executors].flat() });
      },
      register: async () => void (await sender.runtime.registerSession(ref)),
      bind: async (onFailure) => void (await sender.runtime.ensureSessionWithExecutor(ref, binding(onFailure))),
    };
  };
}
