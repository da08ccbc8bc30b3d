import { EXIT } from "../terminal/report-error.ts";

/**
 * A signal that aborts at the first Ctrl-C or SIGTERM, so that a command can
 * end in order; the second one ends the process at once.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return controller.signal;
}
