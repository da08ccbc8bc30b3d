import { destination, type Logger, pino, stdSerializers } from "pino";

/** Logs to stderr: stdout is for what a machine reads. A line is written before the next one, so the last is not lost. */
export function createLogger(level: string): Logger {
  const serializers = { error: stdSerializers.err };
  return pino({ name: "holdfast-worker", level, serializers }, destination({ fd: 2, sync: true }));
}
