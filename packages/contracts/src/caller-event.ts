import * as z from "zod";

/** Largest payload of an event of a caller, in bytes of JSON. */
export const MAX_EVENT_BYTES = 65_536;

/** An event that a caller appends to those of a session. */
export const CallerEvent = z.strictObject({
  /** What happened, such as `ticket.closed`. */
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*$/, "is not a dotted name in lower case")
    .max(128),
  payload: z.json().default(null),
});
/** See {@link CallerEvent}. */
export type CallerEvent = z.input<typeof CallerEvent>;
