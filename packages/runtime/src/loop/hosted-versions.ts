import { isVersionWithin } from "@holdfast/domain";
import type { Executor } from "../ports/executor.ts";
import type { ExecutorRange } from "../ports/ledger.ts";

/** Ranges travel with every claim and settlement: a process that met more of them asks again for the oldest. */
const MAX_RANGES = 32;

/** The ranges of versions that the executors of a worker lie in, as sessions bring them up. */
export class HostedVersions {
  readonly #executors: ReadonlyMap<string, Executor>;
  #ranges: readonly ExecutorRange[] = [];

  constructor(executors: ReadonlyMap<string, Executor>) {
    this.#executors = executors;
  }

  /** Those met so far; the same list until another is met. */
  get ranges(): readonly ExecutorRange[] {
    return this.#ranges;
  }

  /** Whether the executor hosted here lies in a range; one that it does lie in is remembered. */
  admits({ executor, versions }: ExecutorRange): boolean {
    const hosted = this.#executors.get(executor);
    if (hosted === undefined || !isVersionWithin(hosted.version, versions)) return false;
    const isKnown = this.#ranges.some((range) => range.executor === executor && range.versions === versions);
    if (!isKnown) this.#ranges = [...this.#ranges.slice(1 - MAX_RANGES), { executor, versions }];
    return true;
  }
}
