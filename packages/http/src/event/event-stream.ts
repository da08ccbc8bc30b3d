/**
 * Writes events as `text/event-stream`.
 *
 *   E1  A frame carries its event's id, so that a reader that comes
 *       back with its last one misses nothing and sees nothing twice (G12).
 *   E2  The next event is taken when the last one is on its way: a slow reader
 *       costs one event and the socket's buffer, however much it is behind.
 *   E3  `event: end` says that nothing follows, ever. A stream that is cut short,
 *       by a shutdown or a failure, ends without it and the reader comes back.
 *   E4  A reader that takes nothing for `stallMs` is disconnected.
 */
import type { Writable } from "node:stream";
import { type EventEnvelope, type Problem, type StreamPart, toProblem } from "@holdfast/contracts";

/** A part of a run's stream, under the id that its reader comes back with. */
export interface StreamEvent {
  readonly id: string;
  readonly part: StreamPart;
}

/** What is written, and how patiently. */
export interface EventSource {
  readonly events: AsyncIterable<EventEnvelope | StreamEvent>;
  /** Aborts when the reader is gone or the server closes. */
  readonly signal: AbortSignal;
  readonly heartbeatMs: number;
  readonly stallMs: number;
  /** Told of a failure; the reader learns its code. */
  readonly onFailure: (error: unknown) => void;
}

/** How long a reader waits before it comes back. */
const RETRY_MS = 1_000;

/** The same when the server is on its way down. */
const RETRY_AFTER_SHUTDOWN_MS = 3_000;

/** Writes until the events end, the reader is gone or the server closes; then ends the output. Never rejects. */
export async function writeEventStream(output: Writable, source: EventSource): Promise<void> {
  const heartbeat = setInterval(() => {
    if (!output.writableNeedDrain) write(output, ": still here\n\n");
  }, source.heartbeatMs);
  try {
    write(output, `retry: ${RETRY_MS}\n\n`);
    write(output, await lastFrame(output, source));
  } finally {
    clearInterval(heartbeat);
    output.end();
  }
}

/** Writes the events; the answer is what comes after them (E3). */
async function lastFrame(output: Writable, source: EventSource): Promise<string> {
  try {
    await writeEvents(output, source);
  } catch (error) {
    if (!source.signal.aborted) {
      source.onFailure(error);
      return problemFrame(toProblem(error));
    }
  }
  return source.signal.aborted ? `retry: ${RETRY_AFTER_SHUTDOWN_MS}\n\n` : "event: end\ndata: {}\n\n";
}

async function writeEvents(output: Writable, source: EventSource): Promise<void> {
  for await (const event of source.events) {
    if (source.signal.aborted) return;
    if (!write(output, eventFrame(event))) await drained(output, source); // E2
  }
}

function write(output: Writable, frame: string): boolean {
  return output.destroyed || output.write(frame);
}

function eventFrame(told: EventEnvelope | StreamEvent): string {
  if ("part" in told) return `id: ${told.id}\nevent: ${told.part.type}\ndata: ${JSON.stringify(told.part)}\n\n`;
  return `id: ${told.id}\nevent: ${told.event.type}\ndata: ${JSON.stringify(told)}\n\n`;
}

/** Not called `error`: that is what an EventSource calls its own troubles. */
function problemFrame(problem: Problem): string {
  return `event: problem\ndata: ${JSON.stringify(problem)}\n\n`;
}

function drained(output: Writable, { signal, stallMs }: EventSource): Promise<void> {
  return new Promise((resolve) => {
    const stall = setTimeout(() => output.destroy(), stallMs); // E4
    const settle = () => {
      clearTimeout(stall);
      output.off("drain", settle).off("close", settle);
      signal.removeEventListener("abort", settle);
      resolve();
    };
    output.on("drain", settle).on("close", settle);
    signal.addEventListener("abort", settle);
  });
}
