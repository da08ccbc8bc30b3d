/**
 * A wake queue as bad as one may be: wakes are refused, lost, repeated and late,
 * an id that still waits or is worked on swallows the next of its kind, the job
 * of a process that died comes back much later, and for a while nothing works.
 */
import { AppError } from "@holdfast/contracts";
import type { Wake, WakeConsumption, WakeQueue } from "@holdfast/runtime";
import type { SimulatedNode } from "./node.ts";
import type { HintOptions } from "./simulated-notifications.ts";

const REFUSED = new AppError("store.unavailable", { message: "the queue refuses" });

interface Job {
  readonly id: string;
  readonly wake: Wake;
  consumer: Consumer | null;
}

interface Consumer {
  readonly node: SimulatedNode;
  readonly consumption: WakeConsumption;
  active: number;
}

/** How the queue behaves. */
export interface QueueOptions extends HintOptions {
  /** When the job of a dead process is handed out again. */
  readonly stallMs: number;
}

/** The queue all processes share. */
export class SimulatedQueue {
  readonly #options: QueueOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #waiting: Job[] = [];
  #consumers: Consumer[] = [];
  #isDead = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** The queue as one process sees it. */
  connect(node: SimulatedNode): WakeQueue {
    return {
      wake: (wake) => (node.isAlive ? this.#wake(node, wake) : new Promise(() => {})),
      consume: async (consumption) => {
        if (!node.isAlive) return;
        this.#consumers.push({ node, consumption, active: 0 });
        this.#dispatch();
      },
      stopConsuming: async () => this.#leave(node),
      close: async () => this.drop(node),
    };
  }

  /** A process is gone: it takes nothing more, and what it worked on comes back after a while. */
  drop(node: SimulatedNode): void {
    this.#leave(node);
    const lost = [...this.#jobs.values()].filter(({ consumer }) => consumer?.node === node);
    for (const job of lost) {
      this.#options.clock.after(this.#options.stallMs, () => {
        if (this.#jobs.get(job.id) === job) this.#enqueue(job);
      });
    }
  }

  #leave(node: SimulatedNode): void {
    this.#consumers = this.#consumers.filter((consumer) => consumer.node !== node);
  }

  /** Nothing is taken and nothing handed out. */
  setDead(isDead: boolean): void {
    this.#isDead = isDead;
    if (!isDead) this.#dispatch();
  }

  async #wake(node: SimulatedNode, wake: Wake): Promise<void> {
    const { chance, clock, history, weather } = this.#options;
    const { hintLoss, hintDuplication, hintDelay, refusal, delayMs } = weather();
    const note = (what: string) =>
      history.note(node.name, what, () => ({ session: wake.ref.sessionId, epoch: wake.epoch }));
    if (this.#isDead || chance.isHit(refusal)) {
      note("wake refused");
      throw REFUSED;
    }
    if (chance.isHit(hintLoss)) {
      note("wake lost");
      return;
    }
    note("wake");
    const copies = chance.isHit(hintDuplication) ? 2 : 1;
    for (let copy = 1; copy <= copies; copy += 1) {
      const ms = chance.isHit(hintDelay) ? chance.between(0, delayMs) : 0;
      clock.after(ms, () => this.#add(wake, copy));
    }
  }

  #add(wake: Wake, copy: number): void {
    const id = `${wake.ref.sessionId}.${wake.epoch}.${copy}`;
    if (this.#jobs.has(id)) return;
    const job: Job = { id, wake, consumer: null };
    this.#jobs.set(id, job);
    this.#enqueue(job);
  }

  #enqueue(job: Job): void {
    job.consumer = null;
    this.#waiting.push(job);
    this.#dispatch();
  }

  #dispatch(): void {
    if (this.#isDead) return;
    for (const job of this.#waiting.splice(0)) {
      const consumer = this.#findConsumer(job.wake);
      if (consumer === null) this.#waiting.push(job);
      else this.#run(consumer, job);
    }
  }

  #findConsumer({ executor }: Wake): Consumer | null {
    const free = this.#consumers.filter(({ active, consumption }) => {
      return active < consumption.concurrency && consumption.executors.includes(executor);
    });
    return free.length === 0 ? null : this.#options.chance.pick(free);
  }

  #run(consumer: Consumer, job: Job): void {
    const { node, consumption } = consumer;
    job.consumer = consumer;
    consumer.active += 1;
    node.deliver(() => void this.#handle(consumer, job, consumption.handler(job.wake.ref)));
  }

  async #handle(consumer: Consumer, job: Job, handled: Promise<void>): Promise<void> {
    // A handler that fails has used its wake up.
    await handled.catch(() => {});
    consumer.active -= 1;
    this.#jobs.delete(job.id);
    this.#dispatch();
  }
}
