/**
 * A worker process, from its start to its end.
 *
 * The first signal hands its sessions back at a boundary and ends the process
 * with 0, the second ends it with 1. A worker whose parent goes away ends as by
 * a signal.
 */
import { createHoldfast, type Executor, type Holdfast } from "holdfast";
import type { Logger } from "pino";
import type { WorkerConfig } from "../config/worker-config.ts";
import { reportTo } from "../log/logger.ts";

/** What a worker runs, and how. */
export interface WorkerOptions {
  readonly config: WorkerConfig;
  readonly executors: readonly Executor[];
  readonly logger: Logger;
}

/** Takes part until the process is told to end. Resolves when it is ready. */
export async function runWorker({ config, executors, logger }: WorkerOptions): Promise<void> {
  const { concurrency, graceMs, logLevel: _unused, ...connection } = config;
  const holdfast = await createHoldfast({
    ...connection,
    executors,
    loop: { concurrency },
    onReport: reportTo(logger),
  });
  endOnSignal({ holdfast, graceMs, logger });
  const names = executors.map(({ name }) => name);
  process.stdout.write(`${JSON.stringify({ ready: true, node: holdfast.node, executors: names })}\n`);
  logger.info({ node: holdfast.node, executors: names, concurrency }, "worker ready");
}

function endOnSignal(options: {
  readonly holdfast: Holdfast;
  readonly graceMs: number;
  readonly logger: Logger;
}): void {
  const { holdfast, graceMs, logger } = options;
  let isClosing = false;
  const end = async (reason: string): Promise<void> => {
    if (isClosing) {
      logger.warn({ reason }, "worker ends at once");
      process.exit(1);
    }
    isClosing = true;
    logger.info({ reason, graceMs }, "worker closing");
    try {
      await holdfast.close({ graceMs });
      logger.info({}, "worker closed");
      process.exit(0);
    } catch (error) {
      logger.error({ error }, "worker not closed");
      process.exit(1);
    }
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end(signal));
  // There is a channel when a parent process opened one.
  process.once("disconnect", () => void end("parent gone"));
}
