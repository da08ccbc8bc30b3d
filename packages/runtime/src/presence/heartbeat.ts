import { SCRIPT_BATCH } from "@holdfast/contracts";
import type { Executor } from "../ports/executor.ts";
import { HEARTBEAT_MS } from "../ports/presence.ts";
import type { RuntimeContext } from "../runtime-context.ts";

/** Announces a worker and keeps the announcement fresh. */
export class Heartbeat {
  readonly #context: RuntimeContext;
  readonly #executors: readonly Executor[];
  readonly #startedAt: number;
  #cancel: (() => void) | null = null;

  constructor(context: RuntimeContext, executors: readonly Executor[]) {
    this.#context = context;
    this.#executors = executors;
    this.#startedAt = context.clock.now();
  }

  /**
   * Announces, and makes the sessions due that waited for one of the executors (P2). A worker that cannot be announced
   * works all the same: a store at its memory limit takes no news, but commits.
   */
  async start(): Promise<void> {
    await this.#announceOrReport();
    this.#beatLater();
    for (const { name } of this.#executors) await this.#adopt(name);
  }

  /** Says good-bye. A worker that cannot is forgotten after three heartbeats. */
  async stop(): Promise<void> {
    this.#cancel?.();
    try {
      await this.#context.store.presence.leave(this.#context.node);
    } catch (error) {
      this.#context.report({ level: "info", phrase: "presence not withdrawn", fields: { error } });
    }
  }

  async #adopt(executor: string): Promise<void> {
    for (;;) {
      const adopted = await this.#context.store.presence.adopt(executor, SCRIPT_BATCH);
      if (adopted < SCRIPT_BATCH) return;
    }
  }

  async #announceOrReport(): Promise<void> {
    try {
      await this.#announce();
    } catch (error) {
      this.#context.report({ level: "warn", phrase: "presence not refreshed", fields: { error } });
    }
  }

  async #announce(): Promise<void> {
    await this.#context.store.presence.announce({
      node: this.#context.node,
      executors: this.#executors.map(({ name, version }) => ({ name, version })),
      concurrency: this.#context.loop.concurrency,
      startedAt: this.#startedAt,
    });
  }

  #beatLater(): void {
    this.#cancel = this.#context.clock.after(HEARTBEAT_MS, () => {
      this.#beatLater();
      void this.#announceOrReport();
    });
  }
}
