import * as z from "zod";

/** What an acknowledgement survives: the end of workers and clients; a crash of the Redis node; the loss of that node. */
export const AckLevel = z.enum(["memory", "fsync", "replicated"]);
/** See {@link AckLevel}. */
export type AckLevel = z.infer<typeof AckLevel>;

/** The level an answer was given at, and the life of the store it belongs to. */
export const Ack = z.strictObject({
  level: AckLevel,
  /** Rises when the store came back with an older state, so that a reader notices. */
  timeline: z.int().nonnegative(),
});
/** See {@link Ack}. */
export type Ack = z.infer<typeof Ack>;
