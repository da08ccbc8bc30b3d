import { destination, type Logger, pino, stdSerializers } from "pino";

/** Logs to stderr: stdout is for what a machine reads. */
export function createLogger(level: string): Logger {
  const serializers = { err: stdSerializers.err, error: stdSerializers.err };
  return pino({ name: "holdfast-api", level, serializers }, destination({ fd: 2, sync: true }));
}
