/**
 * Every error code, once, without dependencies, so that a browser can carry it.
 *
 * Codes are `area.reason`, are never renamed and never reused. The kind decides
 * the HTTP status and whether repeating can help.
 */

/** What a caller can do about an error. */
export type ErrorKind =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "gone"
  | "conflict"
  | "limited"
  | "unavailable"
  | "timeout"
  | "internal";

/** HTTP status and retry advice per kind. */
export const ERROR_KINDS: Readonly<Record<ErrorKind, { readonly status: number; readonly isRetryable: boolean }>> = {
  invalid: { status: 400, isRetryable: false },
  unauthenticated: { status: 401, isRetryable: false },
  forbidden: { status: 403, isRetryable: false },
  not_found: { status: 404, isRetryable: false },
  gone: { status: 410, isRetryable: false },
  conflict: { status: 409, isRetryable: false },
  limited: { status: 429, isRetryable: true },
  unavailable: { status: 503, isRetryable: true },
  timeout: { status: 504, isRetryable: true },
  internal: { status: 500, isRetryable: false },
};

interface ErrorEntry {
  readonly kind: ErrorKind;
  readonly summary: string;
  /** Overrides the status of the kind where a convention asks for another one. */
  readonly status?: number;
}

/** The registry: code → kind and one-line summary. */
export const ERRORS = {
  "request.malformed": { kind: "invalid", summary: "The request body is not well-formed JSON." },
  "request.invalid": { kind: "invalid", summary: "The request does not have the documented shape." },
  "request.too_deep": { kind: "invalid", summary: "The JSON is nested more deeply than allowed." },
  "request.forbidden_key": { kind: "invalid", summary: "The JSON has a key that is never allowed, such as __proto__." },
  "route.not_found": { kind: "not_found", summary: "No such route." },
  "route.method_not_allowed": {
    kind: "invalid",
    status: 405,
    summary: "The route does not take this method; `Allow` names those it takes.",
  },
  "request.unsupported_encoding": {
    kind: "invalid",
    status: 415,
    summary: "The body has a content encoding that is not taken.",
  },
  "request.expectation_failed": {
    kind: "invalid",
    status: 417,
    summary: "The `Expect` header asks for something that is not offered.",
  },
  "id.invalid": { kind: "invalid", summary: "An id or key is empty, too long, not NFC, or has control characters." },
  "input.invalid": { kind: "invalid", summary: "The input does not have the shape of its kind." },
  "input.unknown_kind": { kind: "invalid", summary: "The input names a kind that does not exist." },
  "input.too_large": { kind: "invalid", status: 413, summary: "The input is larger than the configured limit." },
  "input.rejected": { kind: "invalid", summary: "The input breaks an admission rule of its kind." },
  "input.not_found": { kind: "not_found", summary: "The session has no such input." },
  "input.expired": {
    kind: "gone",
    summary: "The input ended, and is so old that the session keeps it no longer.",
  },
  "input.not_dead_letter": {
    kind: "conflict",
    summary: "The input is no dead letter: it ended otherwise, or was redriven or discarded before.",
  },
  "idempotency.mismatch": {
    kind: "conflict",
    status: 422,
    summary: "The idempotency key was used before with another payload.",
  },
  "session.not_found": { kind: "not_found", summary: "No such session." },
  "session.destroyed": { kind: "gone", summary: "The session was destroyed." },
  "event.invalid": {
    kind: "invalid",
    summary: "The event has no legal name, or its payload is no JSON, or too large.",
  },
  "label.invalid": { kind: "invalid", summary: "The labels are too many, too long, or not well-formed." },
  "session.unregistering": {
    kind: "unavailable",
    summary: "The session is being unregistered; the details name what is still open. Try again.",
  },
  "session.not_accepting": { kind: "conflict", summary: "The session does not accept input in its phase." },
  "session.limited": {
    kind: "limited",
    summary: "The session has as many inputs waiting as it may have. Try again when it has worked some of them off.",
  },
  "session.torn": {
    kind: "unavailable",
    summary: "A script on this session was torn by a slot migration; an operator must look.",
  },
  "control.refused": { kind: "conflict", summary: "The verb is not legal in the session's phase." },
  "run.commit_failed": {
    kind: "unavailable",
    summary: "The boundary of a run could not be committed; its input is queued again.",
  },
  "run.not_found": { kind: "not_found", summary: "The session has no such run, or keeps it no longer." },
  "stream.expired": {
    kind: "gone",
    summary: "Of the run's stream, what comes after the given offset is not kept any more.",
  },
  "run.not_current": { kind: "conflict", summary: "The named run is not the session's current run." },
  "operation.not_found": { kind: "not_found", summary: "The session has no such operation." },
  "operation.already_registered": { kind: "conflict", summary: "The session has an operation of this id." },
  "operation.limit_reached": {
    kind: "limited",
    summary: "The session has as many operations in progress as it may have.",
  },
  "operation.invalid_transition": { kind: "conflict", summary: "The operation's status does not allow this." },
  "operation.peer_not_expected": { kind: "conflict", summary: "Only a child agent becomes a peer." },
  "operation.already_peer_ready": { kind: "conflict", summary: "The child agent was reported ready before." },
  "operation.wait_active": { kind: "conflict", summary: "The session's operations are waited for by another wait." },
  "operation.wait_duplicate": { kind: "invalid", summary: "A wait names an operation twice." },
  "operation.wait_not_active": { kind: "conflict", summary: "The named wait is not the active one." },
  "operation.epoch_ended": {
    kind: "conflict",
    summary: "The session was stopped or destroyed since; its operations ended with that life.",
  },
  "schedule.invalid": {
    kind: "invalid",
    summary: "The schedule names no time that comes, or no input that may be sent.",
  },
  "schedule.not_found": { kind: "not_found", summary: "The session has no such schedule." },
  "schedule.limit": { kind: "invalid", summary: "The session has as many schedules as it may." },
  "run.not_suspended": { kind: "conflict", summary: "The named run is not suspended." },
  "receipt.not_found": { kind: "not_found", summary: "No such receipt." },
  "receipt.expired": {
    kind: "gone",
    summary: "The session keeps no such receipt, and has let older ones go.",
  },
  "delivery.conflict": { kind: "conflict", summary: "The delivery id was used before for another submission." },
  "delivery.out_of_order": { kind: "conflict", summary: "Another delivery of the inbox must be applied first." },
  "delivery.not_found": { kind: "not_found", summary: "The inbox has no such delivery." },
  "delivery.invalid": { kind: "invalid", summary: "The submission does not have the shape of a delivery." },
  "ack.unsupported": { kind: "conflict", summary: "The store cannot acknowledge at the requested level." },
  "runtime.terminated": {
    kind: "unavailable",
    summary: "The process that was asked is closing; the work goes on. Ask again, in any process.",
  },
  "wait.timeout": { kind: "timeout", summary: "The outcome did not arrive in the time given; the work goes on." },
  "executor.failed": { kind: "internal", summary: "The executor reported a failure or threw." },
  "executor.invalid_result": { kind: "internal", summary: "The executor answered with something that is no result." },
  "executor.draft_mismatch": {
    kind: "internal",
    summary: "The executor's result claims a run, inputs or a conversation that are not those of its turn.",
  },
  "executor.not_progressing": {
    kind: "internal",
    summary: "The run reached no boundary within the time it has; it was ended and is not tried again.",
  },
  "executor.unsupported_result": {
    kind: "internal",
    summary: "The executor answered with a result this worker cannot commit for this run.",
  },
  "blob.missing": { kind: "not_found", summary: "The session has no such blob: it was removed, or never kept." },
  "blob.unsupported": {
    kind: "invalid",
    summary: "The input has content that is kept as a blob, and this process keeps none.",
  },
  "store.unavailable": { kind: "unavailable", summary: "The store did not answer; repeat with the same ids." },
  "store.limited": {
    kind: "limited",
    summary: "The store is nearly full and takes nothing new; what it has is worked off. Try again later.",
  },
  "store.corrupt": { kind: "internal", summary: "The store holds something this version cannot read." },
  "store.evicting": {
    kind: "unavailable",
    summary: "The Redis server may evict keys; Holdfast refuses to start on it.",
  },
  "store.not_found": { kind: "not_found", summary: "The namespace holds no store." },
  "store.bucket_mismatch": { kind: "conflict", summary: "The store was created with another number of buckets." },
  "store.unsupported": { kind: "unavailable", summary: "The Redis server is too old or lacks a needed feature." },
  "config.invalid": { kind: "invalid", summary: "The configuration is not usable." },
  "internal.bug": { kind: "internal", summary: "A defect in Holdfast; details are in the log." },
} as const satisfies Record<string, ErrorEntry>;

/** A registered error code. */
export type ErrorCode = keyof typeof ERRORS;

/** What a caller can do about a code. */
export function kindOf(code: ErrorCode): ErrorKind {
  return ERRORS[code].kind;
}

/** The HTTP status of a code. */
export function statusOf(code: ErrorCode): number {
  const entry: ErrorEntry = ERRORS[code];
  return entry.status ?? ERROR_KINDS[entry.kind].status;
}

/** Whether repeating the same request, with the same ids, can succeed. */
export function isRetryable(code: ErrorCode): boolean {
  return ERROR_KINDS[ERRORS[code].kind].isRetryable;
}
