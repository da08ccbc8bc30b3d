/** Background operations as the API shows them. */
import * as z from "zod";
import { NodeId, OperationId } from "./ids.ts";
import { OperationKind, OperationOutcome, OperationStatus } from "./operation.ts";

const count = z.int().nonnegative();
const time = z.iso.datetime({ offset: true });

/** An operation; `outcome` is set exactly when its status is terminal. */
export const OperationResource = z.object({
  operationId: OperationId,
  kind: OperationKind,
  displayName: z.string(),
  status: OperationStatus,
  /** The process it lives and dies with. */
  owner: NodeId,
  isPeerReady: z.boolean(),
  progressCount: count,
  watcherCount: count,
  outcome: OperationOutcome.nullable(),
  childSessionId: z.string().nullable(),
  /** How to reach a child agent, in whatever form it was reported. */
  peerHandle: z.unknown(),
  createdAt: time,
  startedAt: time.nullable(),
  completedAt: time.nullable(),
  elapsedMs: z.number().nonnegative(),
});
/** See {@link OperationResource}. */
export type OperationResource = z.infer<typeof OperationResource>;

/** An entry of the feed of ended operations; pass its `seq` as `after` to go on. */
export const OperationCompletionResource = z.object({
  seq: z.int().positive(),
  operationId: OperationId,
  kind: OperationKind,
  displayName: z.string(),
  outcome: OperationOutcome,
  completedAt: time,
});
/** See {@link OperationCompletionResource}. */
export type OperationCompletionResource = z.infer<typeof OperationCompletionResource>;
