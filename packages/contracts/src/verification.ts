import * as z from "zod";
import { InputId, RunId } from "./ids.ts";

/** What does not fit in the ledger of a session. */
export const LedgerFaultKind = z.enum([
  /** A position is left out. */
  "not_dense",
  /** A receipt names another predecessor than the one before it. */
  "not_chained",
  /** A receipt was changed after it was written. */
  "digest_mismatch",
  /** The boundaries of a run are not 1, 2, 3, … */
  "sequence_not_dense",
  /** The head of the ledger names another last receipt than there is. */
  "head_mismatch",
  /** State or output are not those that the last receipt vouches for. */
  "content_mismatch",
  /** A receipt names an input that is not there. */
  "contributor_missing",
  /** An input contributes to two receipts of different runs. */
  "contributor_repeated",
  /** An input that a receipt names is not settled by it. */
  "contributor_unsettled",
  /** An input says that a run settled it, and no receipt names it. */
  "receipt_missing",
]);
/** See {@link LedgerFaultKind}. */
export type LedgerFaultKind = z.infer<typeof LedgerFaultKind>;

/** One thing that does not fit, and where. */
export const LedgerFault = z.strictObject({
  kind: LedgerFaultKind,
  position: z.int().positive().optional(),
  runId: RunId.optional(),
  inputId: InputId.optional(),
});
/** See {@link LedgerFault}. */
export type LedgerFault = z.infer<typeof LedgerFault>;

/** Most faults that a verification names. */
export const MAX_LEDGER_FAULTS = 100;

/** Whether the ledger of a session is what was committed. */
export const Verification = z.strictObject({
  isSound: z.boolean(),
  /** Receipts and inputs that were looked at. */
  receipts: z.int().nonnegative(),
  inputs: z.int().nonnegative(),
  /** Those that retention has let go: they were not looked at, and are missed by nothing. */
  expired: z.strictObject({ receipts: z.int().nonnegative(), inputs: z.int().nonnegative() }),
  /** At most {@link MAX_LEDGER_FAULTS}, in the order of the ledger. */
  faults: z.array(LedgerFault),
});
/** See {@link Verification}. */
export type Verification = z.infer<typeof Verification>;
