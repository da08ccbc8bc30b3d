import * as z from "zod";
import { Ack } from "./acknowledgement.ts";
import { ClaimId, InputId, RunId } from "./ids.ts";
import { Boundary } from "./policy.ts";

/** Results that leave a receipt. A failed or released attempt leaves none. */
export const ReceiptResult = z.enum(["completed", "cancelled", "suspended", "superseded", "checkpointed"]);
/** See {@link ReceiptResult}. */
export type ReceiptResult = z.infer<typeof ReceiptResult>;

/**
 * Proof that a boundary of a run was committed, once.
 *
 * `digest` covers the previous digest and everything else here but `ack`,
 * `generation` and `committedAt`, which only the store knows.
 */
export const Receipt = z.strictObject({
  runId: RunId,
  /** Boundary of the run, from 1, dense. */
  sequence: z.int().positive(),
  /** Receipt of the session, from 1, dense; the digest chain runs along it. */
  position: z.int().positive(),
  boundary: Boundary,
  result: ReceiptResult,
  /** The staged inputs, in order (G4). */
  contributors: z.array(InputId),
  token: z.int().positive(),
  claimId: ClaimId,
  /** Hash over state, output and conversation of this boundary. */
  contentDigest: z.string(),
  conversationDigest: z.string().optional(),
  messageCount: z.int().nonnegative(),
  previousDigest: z.string(),
  digest: z.string(),
  generation: z.int().nonnegative(),
  committedAt: z.iso.datetime(),
  ack: Ack,
});
/** See {@link Receipt}. */
export type Receipt = z.infer<typeof Receipt>;
