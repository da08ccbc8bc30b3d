/** A process that can be killed or frozen, as far as anything outside it can tell. */
import type { Clock, NodeMessage, Notifier, Store, WakeQueue } from "../../src/index.ts";
import { mapPorts } from "./map-ports.ts";

type Call = (...args: never[]) => unknown;

/** Alive, stopped by a signal that can be taken back, or gone. */
export class ProcessLife {
  #state: "alive" | "frozen" | "dead" = "alive";
  #waiting: (() => void)[] = [];

  /** Nothing of the process happens any more. */
  kill(): void {
    this.#state = "dead";
    this.#waiting = [];
  }

  /** Nothing happens until `thaw`, as under SIGSTOP. */
  freeze(): void {
    if (this.#state === "alive") this.#state = "frozen";
  }

  /** What should have happened meanwhile happens, in order. */
  thaw(): void {
    if (this.#state === "frozen") this.#state = "alive";
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Runs something in the process: now, when it thaws, or never. */
  run(fn: () => void): void {
    if (this.#state === "alive") fn();
    else if (this.#state === "frozen") this.#waiting.push(() => this.run(fn));
  }

  /** Resolves when the process may go on. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.run(resolve);
    });
  }

  /** Timers of the process; those that fall due while it is frozen fire when it thaws. */
  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, fn) => {
        let isCancelled = false;
        const cancel = clock.after(ms, () => {
          this.run(() => {
            if (!isCancelled) fn();
          });
        });
        return () => {
          isCancelled = true;
          cancel();
        };
      },
    };
  }

  /** Calls of the process: a request leaves it and a reply reaches it only while it lives. */
  store(store: Store): Store {
    return {
      ...mapPorts(store, (port) => this.#port(port)),
      notifier: this.#notifier(store.notifier),
      ping: () => this.#call(() => store.ping()),
      close: () => store.close(),
    };
  }

  /** Wakes for the process; one that it took and did not finish before it died is lost. */
  wakeQueue(queue: WakeQueue): WakeQueue {
    return {
      wake: (wake) => this.#call(() => queue.wake(wake)),
      consume: (consumption) =>
        queue.consume({ ...consumption, handler: (ref) => this.#call(() => consumption.handler(ref)) }),
      stopConsuming: () => queue.stopConsuming(),
      close: () => queue.close(),
    };
  }

  #notifier(notifier: Notifier): Notifier {
    return {
      publish: (node, message: NodeMessage) => this.run(() => notifier.publish(node, message)),
      subscribe: (node, listener) =>
        notifier.subscribe(node, {
          onMessage: (message) => this.run(() => listener.onMessage(message)),
          onGap: () => this.run(() => listener.onGap()),
        }),
      isHealthy: () => notifier.isHealthy(),
      close: () => notifier.close(),
    };
  }

  #port<P extends object>(port: P): P {
    return new Proxy(port, {
      get: (target, name, receiver) => {
        const method: unknown = Reflect.get(target, name, receiver);
        if (typeof method !== "function") return method;
        return (...args: never[]) => this.#call(async () => (method as Call).apply(target, args));
      },
    });
  }

  async #call<T>(send: () => Promise<T>): Promise<T> {
    await this.turn();
    try {
      return await send();
    } finally {
      await this.turn();
    }
  }
}
