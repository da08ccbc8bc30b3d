import type { Log } from "./log.ts";

/** What a long-running process wants to happen when it is told to end. */
export interface Ending {
  /** In lines of the log: `worker`, `api`. */
  readonly name: string;
  /** Ends everything in order. */
  readonly close: () => Promise<void>;
  readonly log: Log;
}

/**
 * The first SIGTERM or SIGINT closes and ends the process with 0, the second
 * ends it with 1. A process whose parent goes away ends as by a signal.
 */
export function endOnSignal({ name, close, log }: Ending): void {
  let isClosing = false;
  const end = async (reason: string): Promise<void> => {
    if (isClosing) {
      log.warn({ reason }, `${name} ends at once`);
      process.exit(1);
    }
    isClosing = true;
    log.info({ reason }, `${name} closing`);
    try {
      await close();
      log.info({}, `${name} closed`);
      process.exit(0);
    } catch (error) {
      log.error({ error }, `${name} not closed`);
      process.exit(1);
    }
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end(signal));
  // There is a channel when a parent process opened one.
  process.once("disconnect", () => void end("parent gone"));
}
