/** Wakes within one process: in order of arrival, at most `concurrency` handlers per consumer. */
import type { Clock, Wake, WakeConsumption, WakeQueue } from "@holdfast/runtime";

/** How a hub delivers. */
export interface MemoryWakeQueueOptions {
  readonly clock: Clock;
  /** From sending to receiving. */
  readonly latencyMs?: number;
  /** Wakes for which this answers true are lost. */
  readonly drop?: (wake: Wake) => boolean;
}

/** What nodes of one process are connected by. */
export interface MemoryWakeQueueHub {
  /** The queue of one node; closing it leaves the others alone. */
  connect(): WakeQueue;
  /** Replaces what is lost; `null` loses nothing. */
  setDrop(drop: ((wake: Wake) => boolean) | null): void;
  /** Wakes that nobody has taken. */
  waiting(): number;
}

/** Creates a hub. */
export function createMemoryWakeQueue(options: MemoryWakeQueueOptions): MemoryWakeQueueHub {
  return new Hub(options);
}

interface Consumer {
  readonly consumption: WakeConsumption;
  readonly running: Set<Promise<void>>;
}

class Hub implements MemoryWakeQueueHub {
  readonly #clock: Clock;
  readonly #latencyMs: number;
  readonly #backlog: Wake[] = [];
  readonly #ids = new Set<string>();
  readonly #consumers = new Set<Consumer>();
  #drop: ((wake: Wake) => boolean) | null;

  constructor({ clock, latencyMs, drop }: MemoryWakeQueueOptions) {
    this.#clock = clock;
    this.#latencyMs = latencyMs ?? 0;
    this.#drop = drop ?? null;
  }

  connect(): WakeQueue {
    const own: Consumer[] = [];
    const stopConsuming = async (): Promise<void> => {
      for (const consumer of own) this.#consumers.delete(consumer);
      await Promise.all(own.flatMap(({ running }) => [...running]));
    };
    return {
      wake: async (wake) => this.#take(wake),
      consume: async (consumption) => {
        const consumer: Consumer = { consumption, running: new Set() };
        own.push(consumer);
        this.#consumers.add(consumer);
        this.#clock.after(0, () => this.#dispatch());
      },
      stopConsuming,
      close: stopConsuming,
    };
  }

  setDrop(drop: ((wake: Wake) => boolean) | null): void {
    this.#drop = drop;
  }

  waiting(): number {
    return this.#backlog.length;
  }

  #take(wake: Wake): void {
    // A second wake of the same activation says nothing while nobody has taken the first.
    const id = idOf(wake);
    if (this.#drop?.(wake) === true || this.#ids.has(id)) return;
    this.#ids.add(id);
    this.#backlog.push(wake);
    this.#clock.after(this.#latencyMs, () => this.#dispatch());
  }

  #dispatch(): void {
    for (let at = 0; at < this.#backlog.length; ) {
      const wake = this.#backlog[at] as Wake;
      const consumer = [...this.#consumers].find(({ consumption, running }) => {
        return running.size < consumption.concurrency && consumption.executors.includes(wake.executor);
      });
      if (consumer === undefined) {
        at += 1;
        continue;
      }
      this.#backlog.splice(at, 1);
      this.#ids.delete(idOf(wake));
      this.#run(consumer, wake);
    }
  }

  #run({ consumption, running }: Consumer, { ref }: Wake): void {
    const handled = consumption
      .handler(ref)
      // A handler that fails has used its wake up; the sweeper finds what it left.
      .catch(() => {})
      .then(() => {
        running.delete(handled);
        this.#dispatch();
      });
    running.add(handled);
  }
}

function idOf({ ref, epoch }: Wake): string {
  return JSON.stringify([ref.tenantId, ref.sessionId, epoch]);
}
