/** The processes of one simulated life: workers that die and are replaced, clients that stay. */
import { DEFAULT_INPUT_LIMITS, DEFAULT_RETENTION } from "@holdfast/contracts";
import { createSessionRuntime, type Report, type RunningRuntime, type RuntimeContext, sha256 } from "@holdfast/runtime";
import { messageOf } from "./message-of.ts";
import { SimulatedNode } from "./node.ts";
import type { WorkerPlan } from "./plan.ts";
import { createExecutors } from "./simulated-executor.ts";
import { connectStore } from "./wire.ts";
import type { World } from "./world.ts";

/** A process with the runtime in it. */
export interface Process {
  readonly node: SimulatedNode;
  readonly running: RunningRuntime;
}

interface Slot {
  readonly name: string;
  readonly plan: WorkerPlan;
  incarnation: number;
  /** `null` while nobody is there. */
  process: Process | null;
}

/** How long a worker that could not start waits before it is started again. */
const RESTART_MS = 200;

/** All processes. */
export class Cluster {
  readonly clients: readonly Process[];
  readonly #world: World;
  readonly #slots: readonly Slot[];

  constructor(world: World) {
    this.#world = world;
    const { workers, clients } = world.plan;
    this.#slots = workers.map((plan, index) => ({ name: `w${index + 1}`, plan, incarnation: 0, process: null }));
    this.clients = Array.from({ length: clients }, (_, index) => this.#create(`c${index + 1}`, []));
  }

  /** Workers that are there, in the order of their places. */
  get workers(): readonly Process[] {
    return this.#slots.flatMap(({ process }) => process ?? []);
  }

  /** The worker at a place, if somebody is there. */
  workerAt(index: number): SimulatedNode | null {
    return this.#slots[index]?.process?.node ?? null;
  }

  async start(): Promise<void> {
    for (const { running } of this.clients) await running.start();
    for (const slot of this.#slots) this.#startWorker(slot);
  }

  /** A worker dies; another takes its place after a while. */
  crash(node: SimulatedNode, downMs: number): boolean {
    const slot = this.#slots.find(({ process }) => process?.node === node);
    if (slot === undefined || slot.process === null) return false;
    this.#bury(slot, slot.process, downMs);
    return true;
  }

  /** A worker is told to end, and gets as long as it may take. */
  deploy(index: number, { graceMs, downMs }: { readonly graceMs: number; readonly downMs: number }): boolean {
    const slot = this.#slots[index] as Slot;
    const { process } = slot;
    if (process === null || process.node.isPaused) return false;
    this.#world.history.note(process.node.name, "stop", () => ({ graceMs }));
    this.#world.queue.drop(process.node);
    const bury = () => {
      if (slot.process === process) this.#bury(slot, process, downMs);
    };
    process.running.stop({ graceMs }).then(bury, bury);
    // An orchestrator's patience ends, too.
    this.#world.clock.after(graceMs + this.#world.plan.timing.leaseMs, bury);
    return true;
  }

  pause(node: SimulatedNode, forMs: number): boolean {
    if (!node.isAlive || node.isPaused) return false;
    this.#world.history.note(node.name, "pause", () => ({ forMs }));
    node.pause();
    this.#world.clock.after(forMs, () => this.#resume(node));
    return true;
  }

  /** A node loses the store for a while; workers first, then clients. */
  cut(index: number, forMs: number): boolean {
    const process = this.#slots[index]?.process ?? this.clients[index - this.#slots.length];
    if (process === undefined) return false;
    const { node } = process;
    this.#world.history.note(node.name, "cut off", () => ({ forMs }));
    node.isCut = true;
    this.#world.clock.after(forMs, () => {
      node.isCut = false;
    });
    return true;
  }

  /** Whoever is cut off is connected again. Who is paused sleeps on: the others must do without. */
  heal(): void {
    for (const { node } of [...this.workers, ...this.clients]) node.isCut = false;
  }

  /** Nobody sleeps, and no executor works on anything. */
  get isIdle(): boolean {
    return this.workers.every(({ node }) => !node.isPaused && node.turns === 0);
  }

  #resume(node: SimulatedNode): void {
    if (!node.isPaused) return;
    this.#world.history.note(node.name, "resume");
    node.resume();
  }

  #bury(slot: Slot, { node }: Process, downMs: number): void {
    this.#world.history.note(node.name, "dead", () => ({ downMs }));
    node.crash();
    this.#world.queue.drop(node);
    slot.process = null;
    this.#world.clock.after(downMs, () => this.#startWorker(slot));
  }

  #startWorker(slot: Slot): void {
    slot.incarnation += 1;
    const process = this.#create(`${slot.name}.${slot.incarnation}`, slot.plan.executors);
    slot.process = process;
    this.#world.history.note(process.node.name, "start", () => ({ executors: slot.plan.executors.join("+") }));
    process.running.start().catch(() => {
      if (slot.process === process) this.#bury(slot, process, RESTART_MS);
    });
  }

  #create(name: string, executors: readonly string[]): Process {
    const { plan, clock, nodeChance, queue } = this.#world;
    const isWorker = executors.length > 0;
    const isSleepUnnoticed = isWorker && plan.isSleepUnnoticed;
    const skewMs = nodeChance.between(-2_000, 2_000);
    const node = new SimulatedNode({ name, clock, skewMs, fraction: () => nodeChance.fraction(), isSleepUnnoticed });
    const context: RuntimeContext = {
      node: node.id,
      store: connectStore(this.#world, node),
      wakeQueue: queue.connect(node),
      clock: node.clock,
      random: node.random,
      sha256,
      // A worker that believes in longer leases never gives one up by itself.
      timing: isSleepUnnoticed ? { ...plan.timing, leaseMs: plan.timing.leaseMs * 4 } : plan.timing,
      budget: plan.budget,
      loop: plan.loop,
      inputLimits: DEFAULT_INPUT_LIMITS,
      retention: DEFAULT_RETENTION,
      report: (report) => this.#heard(node, report),
    };
    return { node, running: createSessionRuntime(context, createExecutors(this.#world, node, executors)) };
  }

  #heard(node: SimulatedNode, { level, phrase, fields }: Report): void {
    this.#world.history.note(node.name, `says ${level}`, () => ({
      phrase,
      error: fields.error === undefined ? undefined : messageOf(fields.error),
    }));
    this.#world.witness.heardReport({ phrase, error: fields.error });
  }
}
