import type { Cluster } from "./cluster.ts";
import type { Trouble } from "./plan-trouble.ts";
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
        counts.crashes += Number(this.#cluster.crash(trouble.worker, trouble.downMs));
        break;
      case "deploy":
        counts.deploys += Number(this.#cluster.deploy(trouble.worker, trouble));
        break;
      case "pause":
        counts.pauses += Number(this.#cluster.pause(trouble.worker, trouble.forMs));
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

  #scheduleRollback({ at, takenAt }: Extract<Trouble, { type: "rollback" }>): void {
    const { clock, store, witness, history } = this.#world;
    clock.after(takenAt, () => {
      const snapshot = store.snapshot();
      const forget = witness.snapshot();
      const from = history.length;
      clock.after(at - takenAt, () => {
        if (this.#isOver) return;
        store.restore(snapshot);
        forget();
        this.#world.rollbacks.push({ from, to: history.length });
        history.note("", "rollback", () => ({ lostMs: at - takenAt }));
      });
    });
  }
}
