import type { Cluster } from "./cluster.ts";
import type { SimulatedNode } from "./node.ts";
import type { Trap, Trouble } from "./plan-trouble.ts";
import { CALM } from "./weather.ts";
import type { World } from "./world.ts";

/** What was done to the processes, by kind. */
export interface TroubleCounts {
  crashes: number;
  deploys: number;
  pauses: number;
  cuts: number;
  outages: number;
  jumps: number;
}

/** Carries out the troubles of a plan, and ends them. */
export class Nemesis {
  readonly counts: TroubleCounts = { crashes: 0, deploys: 0, pauses: 0, cuts: 0, outages: 0, jumps: 0 };
  readonly #world: World;
  readonly #cluster: Cluster;
  #isOver = false;

  constructor(world: World, cluster: Cluster) {
    this.#world = world;
    this.#cluster = cluster;
  }

  schedule(): void {
    const { clock, plan } = this.#world;
    for (const trouble of plan.troubles) {
      if (trouble.type === "rollback") this.#scheduleRollback(trouble);
      else clock.after(trouble.at, () => this.#strike(trouble));
    }
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    const { world, cluster } = { world: this.#world, cluster: this.#cluster };
    this.#isOver = true;
    world.history.note("", "quiet");
    world.weather = CALM;
    world.isQuiet = true;
    cluster.heal();
    world.queue.setDead(false);
    world.notifications.setHealthy(true);
  }

  #strike(trouble: Exclude<Trouble, { type: "rollback" }>): void {
    const { counts } = this;
    switch (trouble.type) {
      case "crash":
      case "pause":
        this.#strikeWorker(trouble);
        break;
      case "deploy":
        counts.deploys += Number(this.#cluster.deploy(trouble.worker, trouble));
        break;
      case "cut":
        counts.cuts += Number(this.#cluster.cut(trouble.node, trouble.forMs));
        break;
      case "clock_jump":
        counts.jumps += 1;
        this.#world.history.note("", "clock jump", () => ({ ms: trouble.ms }));
        this.#world.jumpStoreClock(trouble.ms);
        break;
      case "queue_outage":
      case "notifier_outage":
        this.#breakHints(trouble);
    }
  }

  /** Strikes a worker where it stands, or the next one that passes a place in a turn. */
  #strikeWorker(trouble: Extract<Trouble, { type: "crash" | "pause" }>): void {
    const strike = (node: SimulatedNode | null): void => {
      if (this.#isOver || node === null) return;
      if (trouble.type === "crash") this.counts.crashes += Number(this.#cluster.crash(node, trouble.downMs));
      else this.counts.pauses += Number(this.#cluster.pause(node, trouble.forMs));
    };
    if (trouble.trap === null) strike(this.#cluster.workerAt(trouble.worker));
    else this.#world.traps.push({ where: trouble.trap, strike });
  }

  #breakHints({ type, forMs }: Extract<Trouble, { type: "queue_outage" | "notifier_outage" }>): void {
    const { clock, queue, notifications, history } = this.#world;
    this.counts.outages += 1;
    history.note("", type, () => ({ forMs }));
    const setBroken = (isBroken: boolean) => {
      if (type === "queue_outage") queue.setDead(isBroken);
      else notifications.setHealthy(!isBroken);
    };
    setBroken(true);
    clock.after(forMs, () => {
      if (!this.#isOver) setBroken(false);
    });
  }

  #scheduleRollback(trouble: Extract<Trouble, { type: "rollback" }>): void {
    const { clock, store, witness, history, plan } = this.#world;
    const { at, takenAt, trap, pauseMs } = trouble;
    let isDone = false;
    clock.after(takenAt, () => {
      const snapshot = store.snapshot();
      const forget = witness.snapshot();
      const from = history.length;
      const restore = (): void => {
        if (isDone || this.#isOver) return;
        isDone = true;
        store.restore(snapshot);
        forget();
        this.#world.rollbacks.push({ from, to: history.length });
        history.note("", "rollback", () => ({ takenAt }));
      };
      clock.after(trap === null ? at - takenAt : plan.activeMs - takenAt, restore);
      if (trap !== null) this.#setRollbackTrap(trap, { pauseMs, restore });
    });
  }

  /** The store is set back while a turn is under way; the process that works on it sleeps, and so does the next. */
  #setRollbackTrap(
    where: NonNullable<Trap>,
    { pauseMs, restore }: { readonly pauseMs: number; readonly restore: () => void },
  ): void {
    const { clock, traps } = this.#world;
    const sleep = (node: SimulatedNode): void => {
      if (pauseMs > 0 && !this.#isOver) this.counts.pauses += Number(this.#cluster.pause(node, pauseMs));
    };
    const strike = (node: SimulatedNode): void => {
      // As an event of its own: what is going on at this moment belongs to the time that is forgotten.
      clock.after(0, restore);
      sleep(node);
      if (pauseMs > 0) traps.push({ where: "start", strike: sleep });
    };
    traps.push({ where, strike });
  }
}
