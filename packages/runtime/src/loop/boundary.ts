/** The receipt that a boundary leaves, computed by whoever commits it. */
import type { InputId, ReceiptResult } from "@holdfast/contracts";
import { contentBytesOf, receiptBytes } from "@holdfast/domain";
import type { BoundaryCommit, StagedBatch } from "../ports/ledger.ts";
import type { RuntimeContext } from "../runtime-context.ts";

/** What a boundary commits; texts are canonical JSON, `null` for none. */
export interface BoundaryDraftJson {
  readonly kind: ReceiptResult;
  readonly state: string | null;
  readonly output: string | null;
  readonly data?: string | null;
  readonly conversationDigest?: string | undefined;
  readonly messageCount?: number | undefined;
}

/** What must still be true of the session for the next boundary of a batch to count. */
export function boundaryOfBatch(batch: StagedBatch) {
  return {
    sequence: batch.sequence,
    expectedPosition: batch.position,
    previousDigest: batch.previousDigest,
    boundary: batch.boundary,
    contributors: contributorsOf(batch),
  };
}

/** The inputs that the next boundary of a batch is of (G4). */
export function contributorsOf({ inputs }: StagedBatch): readonly InputId[] {
  return inputs.map(({ inputId }) => inputId);
}

/** A boundary with its digests. */
export function boundaryCommit(
  context: RuntimeContext,
  batch: StagedBatch,
  draft: BoundaryDraftJson & { readonly contributors?: readonly InputId[] },
): BoundaryCommit {
  const content = {
    state: draft.state,
    output: draft.output,
    data: draft.data ?? null,
    conversationDigest: draft.conversationDigest ?? null,
    messageCount: draft.messageCount ?? 0,
  };
  const contentDigest = context.sha256(contentBytesOf(content));
  const bytes = receiptBytes({
    runId: batch.fence.runId,
    sequence: batch.sequence,
    position: batch.position + 1,
    boundary: batch.boundary,
    result: draft.kind,
    contributors: [...(draft.contributors ?? contributorsOf(batch))],
    token: batch.fence.token,
    claimId: batch.fence.claimId,
    contentDigest,
    ...(content.conversationDigest === null ? {} : { conversationDigest: content.conversationDigest }),
    messageCount: content.messageCount,
    previousDigest: batch.previousDigest,
  });
  const { state, conversationDigest, messageCount } = content;
  return { state, contentDigest, conversationDigest, messageCount, digest: context.sha256(bytes) };
}
