/**
 * Where crash points are played: one session in a store, processes that stop at
 * named points, and a record of every turn that any of them began.
 */
import type { SessionRef } from "@holdfast/contracts";
import { createMemoryNotifier, type MemoryNotifierHub } from "@holdfast/store-memory";
import {
  binding,
  createVirtualClock,
  type FaultPlan,
  faultyExecutor,
  faultyStore,
  faultyWakeQueue,
  findLedgerFaults,
  sessionRef,
  strike,
  type VirtualClock,
} from "@holdfast/testkit";
import { expect } from "vitest";
import type { Turn } from "../../src/index.ts";
import { Door, type LedgerTape, taping } from "../support/calls.ts";
import { executor, textsOf } from "../support/executors.ts";
import { keyed } from "../support/send.ts";
import {
  createWorldAround,
  type ProcessOptions,
  type TestProcess,
  type World,
  type WorldStore,
} from "../support/world.ts";

/** A store that crash points are played on. */
export interface CrashPointStore extends WorldStore {
  /** The store's time, epoch milliseconds. */
  now(): number;
  /** Moves the store's clock, and no process's. */
  jumpClock(ms: number): Promise<void>;
  /** Copies everything the store holds; the answer puts the copy back. */
  snapshot(): Promise<() => Promise<void>>;
  /** Leaves a session as a script does that was torn while it wrote. */
  tear(ref: SessionRef): Promise<void>;
  /** Everything that is stored of a session, to compare. */
  image(ref: SessionRef): Promise<unknown>;
}

/** Opens an empty store for one test. */
export type OpenCrashPointStore = (parts: {
  readonly clock: VirtualClock;
  readonly notices: MemoryNotifierHub;
}) => Promise<CrashPointStore>;

/** What a process may do to itself at a fault point. */
export interface Self {
  /** Ends it there, without a word. */
  readonly die: () => void;
  /** Stops it there as SIGSTOP does. */
  readonly freeze: () => void;
}

/** How a process is started. */
export interface CastOptions extends Omit<ProcessOptions, "executors"> {
  readonly fault?: (self: Self) => FaultPlan;
  /** Every turn takes a step first, whose result is journaled. */
  readonly isJournaling?: boolean;
  /** Stands in for the rest of a turn; the default adds its inputs to the state. */
  readonly act?: ((turn: Turn) => unknown) | undefined;
}

/** A process that can be looked into. */
export interface Cast extends TestProcess {
  /** What its ledger was asked and answered, as the store saw it. */
  readonly tape: LedgerTape;
  /** Its turns wait here before they answer. */
  readonly door: Door;
}

/** A turn that some worker began. */
export interface SeenTurn {
  readonly by: string;
  readonly texts: string;
  readonly attempt: number;
  readonly turn: Turn;
}

/** What a turn of one worker is made of. */
interface Part extends Pick<CastOptions, "act"> {
  readonly by: string;
  readonly plan: FaultPlan;
  readonly door: Door;
  readonly isJournaling: boolean;
}

const NOTHING_FAILS: FaultPlan = { at: () => "pass" };
const ALL = { after: 0, limit: 500 };

/** Opens a scene with a bound session and a sender that hosts nothing. */
export async function openScene(openStore: OpenCrashPointStore): Promise<Scene> {
  const clock = createVirtualClock();
  const notices = createMemoryNotifier({ clock });
  const store = await openStore({ clock, notices });
  const scene = new Scene(store, createWorldAround(store, { clock, notices }));
  await scene.begin();
  return scene;
}

/** One session and everybody around it. */
export class Scene {
  readonly ref = sessionRef("chat/42");
  readonly store: CrashPointStore;
  readonly world: World;
  /** Every turn, in the order they began. */
  readonly turns: SeenTurn[] = [];
  /** Runs whose journaled step was carried out, each time it was. */
  readonly effects: string[] = [];
  #sender: Cast | null = null;

  constructor(store: CrashPointStore, world: World) {
    this.store = store;
    this.world = world;
  }

  async begin(): Promise<void> {
    this.#sender = await this.client("sender");
    await this.sender.runtime.ensureSessionWithExecutor(this.ref, binding());
  }

  get sender(): Cast {
    if (this.#sender === null) throw new Error("the scene has not begun");
    return this.#sender;
  }

  /** A lost wake is made up for by a sweep. */
  get lostWakeMs(): number {
    return this.world.timing.sweepDelayMs + this.world.timing.sweepPollMs;
  }

  /** A dead holder's lease ends, and a sweep finds it. */
  get deadHolderMs(): number {
    const { leaseMs, graceMs, sweepPollMs } = this.world.timing;
    return leaseMs + graceMs + sweepPollMs;
  }

  /** Starts a process that only sends. */
  client(name: string, options: CastOptions = {}): Promise<Cast> {
    return this.#start(name, options, []);
  }

  /** Starts a worker whose executor waits at the door and applies its inputs. */
  worker(name: string, options: CastOptions = {}): Promise<Cast> {
    return this.#start(name, options, [name]);
  }

  /** Sends a prompt under a key that is its text; it must be accepted. */
  async send(text: string, by: TestProcess = this.sender): Promise<void> {
    const admission = await by.runtime.acceptInput(this.ref, keyed(text, text));
    expect(admission.kind).toBe("accepted");
  }

  /** Lets time pass and answers the turns that began meanwhile, as `worker:texts#attempt`. */
  async turnsWithin(ms: number): Promise<readonly string[]> {
    const before = this.turns.length;
    await this.world.advance(ms);
    return this.turns.slice(before).map(({ by, texts, attempt }) => `${by}:${texts}#${attempt}`);
  }

  /** Where the session stands; times from now on, by the store's clock. */
  async standing() {
    const { archive } = this.world.store;
    const facts = await archive.explainFacts(this.ref);
    if (facts === null) throw new Error("the session is unknown");
    const { items } = await archive.listInputs(this.ref, ALL);
    const { run, dueAt, record } = facts;
    const now = this.store.now();
    return {
      inputs: items.map(({ status }) => status),
      run: run === null ? null : { attempt: run.attempt, leaseMs: run.leaseUntil - now },
      dueMs: dueAt === null ? null : dueAt - now,
      position: record.position,
    };
  }

  /** Every receipt, in order. */
  async receipts() {
    return (await this.world.store.archive.listReceipts(this.ref, ALL)).items;
  }

  /**
   * Nothing is left to do: the acknowledged inputs are there in the order of
   * their admission, each has ended exactly once, and receipts are dense (G1, G3, G5).
   */
  async expectWhole(acknowledged: Readonly<Record<string, string>>): Promise<void> {
    const faults = await findLedgerFaults(this.world.store, this.ref);
    const { items } = await this.sender.runtime.listInputs(this.ref, ALL);
    const ended = items.map(({ input, outcome }) => [input.idempotencyKey, outcome?.kind]);
    expect({ faults, ended }).toEqual({ faults: [], ended: Object.entries(acknowledged) });

    const told = await Promise.all(
      Object.keys(acknowledged).map((key) => this.sender.runtime.waitForOutcome(this.ref, { key })),
    );
    expect(told).toEqual(items.map(({ outcome }) => outcome));
  }

  async #start(
    name: string,
    { fault, act, isJournaling = false, ...options }: CastOptions,
    hosts: readonly string[],
  ): Promise<Cast> {
    let process: TestProcess | null = null;
    const self: Self = { die: () => process?.kill(), freeze: () => process?.freeze() };
    const plan = fault?.(self) ?? NOTHING_FAILS;
    const { tape, wrap: tapingStore } = taping();
    const door = new Door();
    const { wrap = (store) => store, wrapQueue = (queue) => queue, ...rest } = options;
    const executors = hosts.map((host) =>
      faultyExecutor(
        executor((turn) => this.#apply(turn, { by: host, plan, door, act, isJournaling })),
        plan,
      ),
    );
    process = await this.world.start(name, {
      ...rest,
      executors,
      wrap: (store) => wrap(faultyStore(tapingStore(store), plan)),
      wrapQueue: (queue) => wrapQueue(faultyWakeQueue(queue, plan)),
    });
    return { ...process, tape, door };
  }

  async #apply(turn: Turn, { by, plan, door, act = applyInputs, isJournaling }: Part): Promise<unknown> {
    this.turns.push({ by, texts: textsOf(turn).join(), attempt: turn.attempt, turn });
    if (isJournaling) await turn.step("effect", () => this.effects.push(turn.runId));
    await strike(plan, "executor.mid");
    await door.pass();
    return act(turn);
  }
}

/** Keeps the ids of everything that was applied, in order. */
export function applyInputs({ state, inputs }: Turn): unknown {
  const { applied } = (state ?? { applied: [] }) as { readonly applied: readonly string[] };
  return { kind: "completed", state: { applied: [...applied, ...inputs.map(({ id }) => id)] } };
}

/** Fails the first attempt and names when the next one may begin. */
export function failOnceUntil(retryAt: () => string): (turn: Turn) => unknown {
  return (turn) => {
    if (turn.attempt > 1) return applyInputs(turn);
    const failure = { code: "model.busy", message: "not now" };
    return { kind: "failed", failure, isRetryable: true, retryAt: retryAt() };
  };
}
