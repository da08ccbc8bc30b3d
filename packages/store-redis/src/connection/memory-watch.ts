/**
 * How full the server is, as this process knows it: read when somebody asks, at
 * most once in a while. A server that does not tell, or has no limit, is never full.
 */
import type { MemoryLimits } from "@holdfast/contracts";
import type { MemoryUse } from "@holdfast/runtime";

/** What watches, and by which time. */
export interface MemoryWatchParts {
  readonly limits: MemoryLimits;
  /** The server's `INFO memory`. */
  readonly readInfo: () => Promise<string>;
  /** Milliseconds that only ever grow. */
  readonly monotonic: () => number;
}

/** Watches the memory of one server. */
export class MemoryWatch {
  readonly #parts: MemoryWatchParts;
  #use: MemoryUse | null = null;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;

  constructor(parts: MemoryWatchParts) {
    this.#parts = parts;
  }

  /** Whether the last reading was beyond the watermark. One that is too old is replaced for whoever asks next. */
  isFull(): boolean {
    if (this.#isStale()) void this.look();
    return this.#use !== null;
  }

  /** What is used when that is too much, by a reading that is not too old; else `null`. */
  async findShortage(): Promise<MemoryUse | null> {
    if (this.#reading !== null || this.#isStale()) await this.look();
    return this.#use;
  }

  /** Reads. Never rejects: a server that cannot answer this will say so to the call itself. */
  look(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  #isStale(): boolean {
    return this.#parts.monotonic() - this.#readAt >= this.#parts.limits.readMs;
  }

  async #read(): Promise<void> {
    // From when it was asked: a server that hangs is not asked by every call.
    this.#readAt = this.#parts.monotonic();
    try {
      const use = parseUse(await this.#parts.readInfo());
      this.#use = use.limitBytes > 0 && use.usedBytes >= use.limitBytes * this.#parts.limits.watermark ? use : null;
    } catch {
      // Some managed servers forbid INFO; they still refuse writes at their limit.
      this.#use = null;
    }
  }
}

/** As the server itself compares them: buffers of replicas and of the append-only file do not count. */
function parseUse(info: string): MemoryUse {
  const of = (field: string) => Number(new RegExp(`^${field}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
  return { usedBytes: of("used_memory") - of("mem_not_counted_for_evict"), limitBytes: of("maxmemory") };
}
