/**
 * What a receipt proves, and how a chain of them is checked.
 *
 * Pure: these functions say which bytes are hashed and take the hash (SHA-256 in
 * base64url) from outside.
 *
 * Invariants
 *   I1  A digest covers every field of a receipt but those only the store knows.
 *   I2  Every receipt names the digest of the one before it; the first names
 *       `GENESIS_DIGEST`.
 *   I3  Positions are dense.
 */
import type { Receipt } from "@holdfast/contracts";
import { canonicalJson } from "../input/fingerprint.ts";

/** A hash of text, as base64url without padding. */
export type Hash = (text: string) => string;

/** What the first receipt of a session names as its predecessor. */
export const GENESIS_DIGEST = "A".repeat(43);

/** What a boundary left behind. An absent member differs from `null`. */
export interface BoundaryContent {
  /** The session's state after the boundary. */
  readonly state?: unknown;
  readonly output?: unknown;
  readonly conversationDigest?: string;
  /** What the run keeps for when it goes on. */
  readonly data?: unknown;
  readonly messageCount: number;
}

/** A receipt before its digest is known and the store has stamped it. */
export type ReceiptDraft = Omit<Receipt, "ack" | "generation" | "committedAt" | "digest">;

/** The text whose hash is `contentDigest`. */
export function contentBytes(content: BoundaryContent): string {
  const { state, output, conversationDigest, data, messageCount } = content;
  return canonicalJson({ state, output, conversationDigest, data, messageCount });
}

/** As `contentBytes`, of state and output that are canonical JSON already, so that neither is serialised twice. */
export function contentBytesOf(content: {
  readonly state: string | null;
  readonly output: string | null;
  readonly conversationDigest: string | null;
  readonly data?: string | null;
  readonly messageCount: number;
}): string {
  const { state, output, conversationDigest, data = null, messageCount } = content;
  const members = [
    conversationDigest === null ? null : `"conversationDigest":${JSON.stringify(conversationDigest)}`,
    data === null ? null : `"data":${data}`,
    `"messageCount":${messageCount}`,
    output === null ? null : `"output":${output}`,
    state === null ? null : `"state":${state}`,
  ];
  return `{${members.filter((member) => member !== null).join(",")}}`;
}

/** The text whose hash is `digest` (I1). A complete receipt has the same bytes as its draft. */
export function receiptBytes(draft: ReceiptDraft): string {
  // Names in canonical order, and no value but texts, integers and lists of texts: this is canonical JSON
  // without its serialiser, which every commit would wait for.
  const covered: { readonly [Field in keyof Required<ReceiptDraft>]: unknown } = {
    boundary: draft.boundary,
    claimId: draft.claimId,
    contentDigest: draft.contentDigest,
    contributors: draft.contributors,
    conversationDigest: draft.conversationDigest,
    messageCount: draft.messageCount,
    position: draft.position,
    previousDigest: draft.previousDigest,
    result: draft.result,
    runId: draft.runId,
    sequence: draft.sequence,
    token: draft.token,
  };
  return JSON.stringify(covered);
}

/** Whether a chain of receipts is what was committed, and where not. */
export type ChainVerdict =
  | { readonly kind: "intact" }
  | { readonly kind: "broken"; readonly position: number; readonly reason: ChainFault };

/** A position left out or repeated; a predecessor that is not named; a receipt that was changed. */
export type ChainFault = "not_dense" | "not_chained" | "digest_mismatch";

/**
 * Checks consecutive receipts, oldest first. They may start behind position 1,
 * because old ones are retained for a while only; the first link is then taken
 * on trust.
 */
export function verifyChain(receipts: readonly Receipt[], hash: Hash): ChainVerdict {
  let previous: Receipt | null = null;
  for (const receipt of receipts) {
    const reason = findLinkFault(previous, receipt) ?? findDigestFault(receipt, hash);
    if (reason !== null) return { kind: "broken", position: receipt.position, reason };
    previous = receipt;
  }
  return { kind: "intact" };
}

function findLinkFault(previous: Receipt | null, receipt: Receipt): ChainFault | null {
  if (previous === null) {
    return receipt.position === 1 && receipt.previousDigest !== GENESIS_DIGEST ? "not_chained" : null;
  }
  if (receipt.position !== previous.position + 1) return "not_dense";
  return receipt.previousDigest === previous.digest ? null : "not_chained";
}

function findDigestFault(receipt: Receipt, hash: Hash): ChainFault | null {
  return hash(receiptBytes(receipt)) === receipt.digest ? null : "digest_mismatch";
}
