/**
 * A worker process, from its start to its end. The first signal hands its
 * sessions back at a boundary.
 */
import { createHoldfast, type Executor, leaseTiming } from "holdfast";
import { endOnSignal, reportTo } from "holdfast/process";
import type { Logger } from "pino";
import type { WorkerConfig } from "../config/worker-config.ts";

/** What a worker runs, and how. */
export interface WorkerOptions {
  readonly config: WorkerConfig;
  readonly executors: readonly Executor[];
  readonly logger: Logger;
}

/** Takes part until the process is told to end. Resolves when it is ready. */
export async function runWorker({ config, executors, logger }: WorkerOptions): Promise<void> {
  const { connection, concurrency, leaseMs, graceMs } = config;
  const holdfast = await createHoldfast({
    ...connection,
    executors,
    timing: leaseTiming(leaseMs),
    loop: { concurrency },
    onReport: reportTo(logger),
  });
  endOnSignal({ name: "worker", close: () => holdfast.close({ graceMs }), log: logger });
  const names = executors.map(({ name }) => name);
  process.stdout.write(`${JSON.stringify({ ready: true, node: holdfast.node, executors: names })}\n`);
  logger.info({ node: holdfast.node, executors: names, concurrency }, "worker ready");
}
