/**
 * Names of things, and which of them are ours.
 *
 * Tenant ids, session ids and idempotency keys belong to the user: any
 * well-formed NFC text without control characters, 1 to 256 bytes of UTF-8, is
 * legal (`chat/42`, `a:b`, `{x}`), and adapters encode it. Ids that Holdfast
 * mints carry a prefix that says what they name.
 */
import * as z from "zod";

/** Longest user-chosen id or key, in bytes of UTF-8. */
export const MAX_USER_ID_BYTES = 256;

/** The tenant of a deployment that has only one. */
export const DEFAULT_TENANT = "default";

// Everything a terminal or a log line would interpret instead of showing: C0, DEL, C1.
const CONTROL_CHARACTERS = /\p{Cc}/u;

const encoder = new TextEncoder();

/** Says in one sentence what is wrong with a user-chosen id, or `null` when it is legal. */
export function findUserIdFault(text: string): string | null {
  if (text.length === 0) return "is empty";
  if (!text.isWellFormed()) return "contains a lone surrogate";
  if (CONTROL_CHARACTERS.test(text)) return "contains a control character";
  if (text.normalize("NFC") !== text) return "is not in Unicode normal form NFC";
  if (encoder.encode(text).length > MAX_USER_ID_BYTES) return `is longer than ${MAX_USER_ID_BYTES} bytes`;
  return null;
}

function userId() {
  return z.string().superRefine((text, context) => {
    const fault = findUserIdFault(text);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  });
}

function mintedId(prefix: string) {
  return z.string().regex(new RegExp(`^${prefix}_[A-Za-z0-9_-]{8,64}$`), `is not an id of the form ${prefix}_…`);
}

/** A tenant. Comes from the credential or the configuration, never from a request body. */
export const TenantId = userId().brand("TenantId");
/** See {@link TenantId}. */
export type TenantId = z.infer<typeof TenantId>;

/** A session, named by the user; unique within its tenant. */
export const SessionId = userId().brand("SessionId");
/** See {@link SessionId}. */
export type SessionId = z.infer<typeof SessionId>;

/** The user's name for one input, unique within a session while it is retained (G7). */
export const IdempotencyKey = userId().brand("IdempotencyKey");
/** See {@link IdempotencyKey}. */
export type IdempotencyKey = z.infer<typeof IdempotencyKey>;

/**
 * The user's name for one control command; a repeat reports the first result for as long as the session has not taken
 * {@link KEPT_REQUESTS} others since (G10).
 */
export const RequestId = userId().brand("RequestId");
/** See {@link RequestId}. */
export type RequestId = z.infer<typeof RequestId>;

/** One input of a session: `inp_…`. */
export const InputId = mintedId("inp").brand("InputId");
/** See {@link InputId}. */
export type InputId = z.infer<typeof InputId>;

/** One run of an executor, over all its attempts: `run_…`. */
export const RunId = mintedId("run").brand("RunId");
/** See {@link RunId}. */
export type RunId = z.infer<typeof RunId>;

/** One hold of a session by a worker, random per claim: `clm_…`. */
export const ClaimId = mintedId("clm").brand("ClaimId");
/** See {@link ClaimId}. */
export type ClaimId = z.infer<typeof ClaimId>;

/** One process that takes part, worker or client: `nod_…`. Notifications are addressed to it. */
export const NodeId = mintedId("nod").brand("NodeId");
/** See {@link NodeId}. */
export type NodeId = z.infer<typeof NodeId>;

/** One background operation of a session, named by whoever registers it; unique within the session while it is kept. */
export const OperationId = userId().brand("OperationId");
/** See {@link OperationId}. */
export type OperationId = z.infer<typeof OperationId>;

/** One continuous life of a session's operations: `epo_…`. */
export const EpochId = mintedId("epo").brand("EpochId");
/** See {@link EpochId}. */
export type EpochId = z.infer<typeof EpochId>;

/** One wait for the end of several operations: `wai_…`. */
export const WaitId = mintedId("wai").brand("WaitId");
/** See {@link WaitId}. */
export type WaitId = z.infer<typeof WaitId>;

/** Names a session everywhere: in every port, key and index. */
export interface SessionRef {
  readonly tenantId: TenantId;
  readonly sessionId: SessionId;
}

/** What every write of a run must prove: all three are compared. */
export interface Fence {
  /** From the bucket's counter, minted for every staged run; survives destroy. */
  readonly token: number;
  /** Random per claim, because a token alone repeats after an asynchronous failover. */
  readonly claimId: ClaimId;
  readonly runId: RunId;
}
