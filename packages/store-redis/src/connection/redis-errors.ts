/** Translates what Redis and its client say at the adapter's edge. */
import { AppError, LIMITED_RETRY_MS } from "@holdfast/contracts";

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
  "EXECABORT",
] as const;

/** Answers of a server that somebody has to change first; what it holds is as it was. */
const REFUSALS = ["NOAUTH", "WRONGPASS", "NOPERM"] as const;

/** Whether repeating the same call may succeed without anybody doing anything. */
export function isTemporary(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name !== "ReplyError" || beginsWith(error, TEMPORARY);
}

/** Whether the server is at its memory limit and refuses to take more. */
export function isOutOfMemory(error: unknown): boolean {
  return isReply(error) && beginsWith(error, ["OOM"]);
}

/** Whether the server took none of the commands of a transaction. */
export function isTransactionRefused(error: unknown): boolean {
  return isReply(error) && beginsWith(error, ["EXECABORT", "OOM"]);
}

/** The failure a port reports for what a driver threw. */
export function toStoreError(cause: unknown): AppError {
  forgetCommand(cause);
  if (!isReply(cause)) return new AppError(isTemporary(cause) ? "store.unavailable" : "store.corrupt", { cause });
  if (isOutOfMemory(cause)) {
    const message = "Redis is at its memory limit and takes nothing new";
    return new AppError("store.limited", { message, details: { retryAfterMs: LIMITED_RETRY_MS }, cause });
  }
  if (beginsWith(cause, REFUSALS)) return unavailable(`Redis refuses this user: ${firstWord(cause)}`, cause);
  if (beginsWith(cause, TEMPORARY)) return unavailable(`Redis cannot serve this now: ${firstWord(cause)}`, cause);
  return new AppError("store.corrupt", { message: "a script failed on what the store holds", cause });
}

/** The failure of a connection that cannot be had. `last` is the last error it told of. */
export function toConnectError(place: string, last: unknown): AppError {
  if (isReply(last)) return unavailable(`Redis at ${place} refuses the connection: ${firstWord(last)}`, last);
  return unavailable(`Redis at ${place} does not answer`, last);
}

function unavailable(message: string, cause: unknown): AppError {
  return new AppError("store.unavailable", { message, cause });
}

/** An answer of the server, as opposed to trouble with the connection. */
function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

function beginsWith(error: Error, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => error.message.startsWith(prefix));
}

/** The kind of an answer; the text behind it may name what no log should. */
function firstWord(error: Error): string {
  return error.message.split(" ", 1)[0] as string;
}

/** The driver hangs the command with all its arguments on an error: payloads have no place in logs. */
function forgetCommand(error: unknown): void {
  if (error instanceof Error && "command" in error) error.command = undefined;
}
