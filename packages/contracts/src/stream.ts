/**
 * What readers of a run's stream get: chunks as the executor writes them, what
 * becomes of them when the run is tried again, and how the run ended.
 */
import * as z from "zod";
import { RunStatus } from "./run.ts";

/** The place of a part in the stream of its run, from 1; never goes back and is never used twice. */
export const StreamOffset = z.int().positive();
/** See {@link StreamOffset}. */
export type StreamOffset = z.infer<typeof StreamOffset>;

/** How a run ended, as the last part of its stream says it. */
export const StreamEnd = RunStatus.extract(["completed", "failed", "cancelled", "superseded"]);
/** See {@link StreamEnd}. */
export type StreamEnd = z.infer<typeof StreamEnd>;

/** One part of a stream. */
export const StreamPart = z.discriminatedUnion("type", [
  /** What the executor wrote: a text, or any other JSON. */
  z.strictObject({ type: z.literal("chunk"), offset: StreamOffset, chunk: z.json() }),
  /**
   * The run is tried again from its last boundary: every chunk from this offset on that came
   * before is withdrawn.
   */
  z.strictObject({ type: z.literal("retracted"), offset: StreamOffset, from: StreamOffset }),
  /**
   * Nothing comes after it. `destroyed`: the session was, and with it what is known of how the run ended.
   */
  z.strictObject({
    type: z.literal("closed"),
    offset: StreamOffset,
    status: z.enum([...StreamEnd.options, "destroyed"]),
    /** The run wrote more than a stream may have; the rest is not there. */
    isTruncated: z.boolean(),
  }),
]);
/** See {@link StreamPart}. */
export type StreamPart = z.infer<typeof StreamPart>;

/** A page of a stream. */
export const StreamPage = z.strictObject({
  items: z.array(StreamPart),
  /** The offset to go on after; with `isClosed`, nothing more comes. */
  next: z.int().nonnegative(),
  /** The last item is the last part. */
  isClosed: z.boolean(),
});
/** See {@link StreamPage}. */
export type StreamPage = z.infer<typeof StreamPage>;
