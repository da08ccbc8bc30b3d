/**
 * An API process, from its start to its end.
 *
 * The first signal makes it unready, answers what is in flight and ends the
 * process with 0; the second ends it with 1. A server whose parent goes away
 * ends as by a signal.
 */
import { createHttpServer } from "@holdfast/http";
import { createHoldfast } from "holdfast";
import type { Logger } from "pino";
import type { ApiConfig } from "../config/api-config.ts";
import { reportTo } from "../log/logger.ts";

/** What a server serves, and how. */
export interface ApiOptions {
  readonly config: ApiConfig;
  readonly logger: Logger;
}

/** Serves until the process is told to end. Resolves when it listens. */
export async function runApi({ config, logger }: ApiOptions): Promise<void> {
  const holdfast = await createHoldfast({ ...config.connection, onReport: reportTo(logger) });
  const { runtime, tenantId } = holdfast;
  const server = createHttpServer({ runtime, tenantId, logger, limits: { drainMs: config.drainMs } });
  const close = async () => {
    await server.close();
    await holdfast.close({ graceMs: 0 });
  };
  try {
    const url = await server.listen(config);
    endOnSignal({ close, logger });
    process.stdout.write(`${JSON.stringify({ ready: true, url })}\n`);
    logger.info({ url, node: holdfast.node }, "api ready");
  } catch (error) {
    await close();
    throw error;
  }
}

function endOnSignal({ close, logger }: { readonly close: () => Promise<void>; readonly logger: Logger }): void {
  let isClosing = false;
  const end = async (reason: string): Promise<void> => {
    if (isClosing) {
      logger.warn({ reason }, "api ends at once");
      process.exit(1);
    }
    isClosing = true;
    logger.info({ reason }, "api closing");
    try {
      await close();
      logger.info({}, "api closed");
      process.exit(0);
    } catch (error) {
      logger.error({ error }, "api not closed");
      process.exit(1);
    }
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end(signal));
  // There is a channel when a parent process opened one.
  process.once("disconnect", () => void end("parent gone"));
}
