/**
 * Messages that must reach a session exactly once and in order, also one that
 * is not registered: how background jobs report to whoever asked for them.
 */
import * as z from "zod";
import { findUserIdFault, IdempotencyKey, InputId } from "./ids.ts";
import { InputStatus } from "./outcome.ts";

function named(what: string) {
  return z
    .string()
    .superRefine((text, context) => {
      const fault = findUserIdFault(text) ?? (text.trim() === "" ? "is blank" : null);
      if (fault !== null) context.addIssue({ code: "custom", message: `${what} ${fault}` });
    })
    .max(256);
}

/** The producer's name for one delivery; the input it becomes has it as its key. */
export const DeliveryId = named("a delivery id").pipe(IdempotencyKey).brand("DeliveryId");
/** See {@link DeliveryId}. */
export type DeliveryId = z.infer<typeof DeliveryId>;

/** What a delivery tells of: that a job ended, or something on its way. */
export const DeliveryKind = z.enum(["job_terminal", "job_notification"]);
/** See {@link DeliveryKind}. */
export type DeliveryKind = z.infer<typeof DeliveryKind>;

/** A message on its way to a session. The same id stands for the same submission, for ever. */
export const DeliverySubmission = z.strictObject({
  deliveryId: DeliveryId,
  kind: DeliveryKind,
  /** Who sends it. */
  sourceId: named("a source id"),
  /** The sender's own count, from 1. */
  sourceSequence: z.int().positive(),
  /** The interaction that it belongs to; the input it becomes is correlated with it. */
  lineageId: named("a lineage id").max(128),
  /** Opaque text, never empty. */
  payload: z.string().min(1),
});
/** See {@link DeliverySubmission}. */
export type DeliverySubmission = z.infer<typeof DeliverySubmission>;

/** A submission as a caller has it. */
export type NewDelivery = z.input<typeof DeliverySubmission>;

/** What became of a delivery that was applied. */
export const DeliveryDisposition = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("admitted"), inputId: InputId }),
  /** Its input had been admitted before; `status` is where that one stood. */
  z.strictObject({ kind: z.literal("collapsed"), inputId: InputId, status: InputStatus }),
  /** The session takes no such input and never will: `code` says why. */
  z.strictObject({ kind: z.literal("refused"), code: z.string() }),
  /** Somebody else has dealt with it. */
  z.strictObject({ kind: z.literal("acknowledged") }),
]);
/** See {@link DeliveryDisposition}. */
export type DeliveryDisposition = z.infer<typeof DeliveryDisposition>;

/** A delivery as the inbox has it. */
export const Delivery = z.strictObject({
  deliveryId: DeliveryId,
  /** Its place in the session's inbox, from 1, dense. */
  sequence: z.int().positive(),
  sourceSequence: z.int().positive(),
  /** `null` when it was applied long ago: the inbox then knows its identity alone. */
  submission: DeliverySubmission.nullable(),
  /** `null` while it is pending. */
  disposition: DeliveryDisposition.nullable(),
});
/** See {@link Delivery}. */
export type Delivery = z.infer<typeof Delivery>;

/** A drain of an inbox, and what it left. */
export const DrainReport = z.strictObject({
  applied: z.int().nonnegative(),
  pending: z.int().nonnegative(),
  /** Why something is left: the session does not exist, or cannot take input at the moment. */
  waitsFor: z.enum(["session", "room"]).nullable(),
});
/** See {@link DrainReport}. */
export type DrainReport = z.infer<typeof DrainReport>;
