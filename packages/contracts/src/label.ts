import * as z from "zod";
import { ControlReport } from "./control.ts";
import { SessionId } from "./ids.ts";

/** Most labels of one session. */
export const MAX_LABELS = 16;

/** Name of a label, such as `team` or `release`. */
export const LabelKey = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/, "is not the name of a label");
/** See {@link LabelKey}. */
export type LabelKey = z.infer<typeof LabelKey>;

/** What a label says: any text without control characters. */
export const LabelValue = z
  .string()
  .min(1)
  .max(128)
  .regex(/^\P{Cc}+$/u, "contains a control character");
/** See {@link LabelValue}. */
export type LabelValue = z.infer<typeof LabelValue>;

/** Labels of a session, by which operators name many sessions at once. */
export const Labels = z
  .record(LabelKey, LabelValue)
  .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `are more than ${MAX_LABELS}`);
/** See {@link Labels}. */
export type Labels = z.infer<typeof Labels>;

/** One label with its value. */
export const Label = z.strictObject({ key: LabelKey, value: LabelValue });
/** See {@link Label}. */
export type Label = z.infer<typeof Label>;

/** What became of one session of a label. */
export const LabelledResult = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("applied"), sessionId: SessionId, report: ControlReport }),
  /** The session refused, or was gone; it is as it was. */
  z.strictObject({ kind: z.literal("refused"), sessionId: SessionId, code: z.string(), message: z.string() }),
]);
/** See {@link LabelledResult}. */
export type LabelledResult = z.infer<typeof LabelledResult>;

/** How far a verb has come through the sessions of a label. */
export const LabelProgress = z.strictObject({
  applied: z.int().nonnegative(),
  refused: z.int().nonnegative(),
  /** Inputs that ended. */
  inputsAbandoned: z.int().nonnegative(),
});
/** See {@link LabelProgress}. */
export type LabelProgress = z.infer<typeof LabelProgress>;
