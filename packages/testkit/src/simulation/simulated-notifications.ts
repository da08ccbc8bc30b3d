/** Notifications between simulated processes: lost, repeated, late, or not at all for a while. */
import type { NodeId } from "@holdfast/contracts";
import type { Clock, NodeMessage, Notifier, NotifierListener } from "@holdfast/runtime";
import type { Chance } from "./chance.ts";
import type { History } from "./history.ts";
import type { SimulatedNode } from "./node.ts";
import type { Weather } from "./weather.ts";

/** What carries hints. */
export interface HintOptions {
  readonly clock: Clock;
  readonly weather: () => Weather;
  readonly history: History;
  readonly chance: Chance;
}

interface Subscriber {
  readonly node: SimulatedNode;
  readonly listener: NotifierListener;
}

/** What all processes are connected by. */
export class SimulatedNotifications {
  readonly #options: HintOptions;
  readonly #subscribers = new Map<NodeId, Subscriber>();
  #isHealthy = true;

  constructor(options: HintOptions) {
    this.#options = options;
  }

  /** The notifier of one process. */
  connect(node: SimulatedNode): Notifier {
    return {
      publish: (to, message) => {
        if (node.isAlive) this.#publish(node, to, message);
      },
      subscribe: async (id, listener) => {
        if (node.isAlive) this.#subscribers.set(id, { node, listener });
      },
      isHealthy: () => this.#isHealthy,
      close: async () => {
        this.#subscribers.delete(node.id);
      },
    };
  }

  /** Breaks or mends every connection; whoever is connected again learns of the gap. */
  setHealthy(isHealthy: boolean): void {
    const isRegained = isHealthy && !this.#isHealthy;
    this.#isHealthy = isHealthy;
    if (!isRegained) return;
    for (const { node, listener } of this.#subscribers.values()) node.deliver(() => listener.onGap());
  }

  #publish(from: SimulatedNode, to: NodeId, message: NodeMessage): void {
    const { chance, clock, history, weather } = this.#options;
    const { hintLoss, hintDuplication, hintDelay, delayMs } = weather();
    const isLost = !this.#isHealthy || chance.isHit(hintLoss);
    history.note(from.name, isLost ? "notify lost" : "notify", () => ({ to, type: message.type }));
    if (isLost) return;
    const copies = chance.isHit(hintDuplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const ms = chance.isHit(hintDelay) ? chance.between(0, delayMs) : 0;
      clock.after(ms, () => this.#deliver(to, message));
    }
  }

  #deliver(to: NodeId, message: NodeMessage): void {
    const subscriber = this.#subscribers.get(to);
    if (!this.#isHealthy || subscriber === undefined) return;
    subscriber.node.deliver(() => subscriber.listener.onMessage(message));
  }
}
