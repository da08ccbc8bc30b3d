/** Translates what Redis and its client say at the adapter's edge. */
import { AppError } from "@holdfast/contracts";

/** Answers of a server that will be able to serve the same call later. */
const TEMPORARY = [
  "BUSY",
  "LOADING",
  "READONLY",
  "NOREPLICAS",
  "CLUSTERDOWN",
  "TRYAGAIN",
  "MASTERDOWN",
  "MISCONF",
  "UNBLOCKED",
] as const;

/** Whether repeating the same call may succeed without anybody doing anything. */
export function isTemporary(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name !== "ReplyError") return true;
  return TEMPORARY.some((prefix) => error.message.startsWith(prefix));
}

/** The failure a port reports for what a driver threw. */
export function toStoreError(cause: unknown): AppError {
  forgetCommand(cause);
  const text = cause instanceof Error ? cause.message : String(cause);
  if (text.startsWith("OOM")) {
    return new AppError("store.unavailable", { message: "Redis is at its memory limit and admits nothing new", cause });
  }
  if (isTemporary(cause)) return new AppError("store.unavailable", { cause });
  return new AppError("store.corrupt", { message: "a script failed on what the store holds", cause });
}

/** The driver hangs the command with all its arguments on an error: payloads have no place in logs. */
function forgetCommand(error: unknown): void {
  if (error instanceof Error && "command" in error) error.command = undefined;
}
