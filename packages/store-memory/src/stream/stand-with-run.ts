/** How a stream stands follows from its run, in the same step. */
import type { RunId } from "@holdfast/contracts";
import type { RunData, SessionData } from "../session/session-data.ts";
import { isFinal } from "../session/transitions.ts";

/** An attempt begins: what the last one wrote after the last boundary is withdrawn (T13). */
export function beginStream({ streams }: SessionData, runId: RunId): void {
  const stream = streams.byRun.get(runId);
  if (stream === undefined) return;
  if (stream.offset > Math.max(stream.start, stream.standing)) {
    stream.offset += 1;
    stream.parts.set(stream.offset, `r${stream.standing + 1}`);
  }
  stream.start = stream.offset;
}

/** A boundary is committed: what was written so far stands. */
export function settleStream({ streams }: SessionData, runId: RunId): void {
  const stream = streams.byRun.get(runId);
  if (stream !== undefined) stream.standing = stream.offset;
}

/** A run that has ended closes its stream (T14). */
export function closeStream({ streams }: SessionData, runId: RunId, { status }: RunData): void {
  const stream = streams.byRun.get(runId);
  if (stream !== undefined && isFinal("run", status)) stream.status = status;
}
