/**
 * Submits under a bound. The submission itself is never given up: what is not
 * answered in time is looked for in the store, and goes on.
 */
import {
  type Admission,
  AppError,
  DEFAULT_SUBMIT_BOUND_MS,
  IdempotencyKey,
  type Input,
  isAppError,
  isRetryable,
  kindOf,
  type NewInput,
  type SessionRef,
  type SubmitAdvice,
  type SubmitDisposition,
  type SubmitOutcome,
  type SubmitRefusal,
  type WorkState,
} from "@holdfast/contracts";
import { adviceFor, workStateOf } from "@holdfast/domain";
import type { SubmitApi, SubmitOptions } from "../api/submit.ts";
import type { Ingress } from "../ingress/ingress.ts";
import type { InputRecord } from "../ports/archive.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { inputIdOf } from "../status/bind-status.ts";

/** What submissions work with. */
export interface SubmitParts {
  readonly context: RuntimeContext;
  readonly ingress: Ingress;
}

/** One submission on its way. */
interface Submission {
  readonly ref: SessionRef;
  readonly key: string;
  readonly boundMs: number;
  readonly isDurableInput: boolean;
}

const MIN_RESERVE_MS = 100;
const MAX_RESERVE_MS = 5_000;
const MAX_BOUND_MS = 2_147_483_647;

/** The methods that submit. */
export function bindSubmit(parts: SubmitParts): SubmitApi {
  return { submitBounded: (ref, input, options) => submitBounded(parts, { ref, input }, options) };
}

async function submitBounded(
  parts: SubmitParts,
  { ref, input }: { readonly ref: SessionRef; readonly input: NewInput },
  { key, boundMs = DEFAULT_SUBMIT_BOUND_MS, ...options }: SubmitOptions,
): Promise<SubmitOutcome> {
  assertArguments(key, boundMs);
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    const message = "an input is an object";
    return {
      kind: "refused",
      refusal: { kind: "error", code: "input.invalid", message },
      boundMs,
      advice: "fix_request",
    };
  }
  const submission: Submission = { ref, key, boundMs, isDurableInput: (input.durability ?? "durable") === "durable" };
  const inputKey = input.idempotencyKey;
  if (inputKey !== undefined && inputKey !== key) return refused(submission, { kind: "key_conflict", key, inputKey });
  const reserve = Math.min(MAX_RESERVE_MS, Math.max(MIN_RESERVE_MS, boundMs / 4));
  const answer = admit(parts, ref, { ...input, idempotencyKey: key as IdempotencyKey }, options);
  const answered = await within(parts, answer, Math.max(0, boundMs - reserve));
  if (answered === null) return timedOut(parts, submission, { cause: "bound_expired", reserve });
  if (answered.kind === "error") return failed(parts, submission, { error: answered.error, reserve });
  return admitted(parts, submission, { admission: answered.admission, reserve });
}

function assertArguments(key: string, boundMs: number): void {
  const parsed = IdempotencyKey.safeParse(key);
  if (!parsed.success) throw new AppError("id.invalid", { message: `the key ${parsed.error.issues[0]?.message}` });
  if (Number.isInteger(boundMs) && boundMs >= 0 && boundMs <= MAX_BOUND_MS) return;
  throw new AppError("request.invalid", { message: `a bound is a whole number of milliseconds up to ${MAX_BOUND_MS}` });
}

type Answer =
  | { readonly kind: "admission"; readonly admission: Admission }
  | { readonly kind: "error"; readonly error: unknown };

/** The submission's own answer. Never rejects: nobody may be listening any more. */
async function admit(
  { ingress }: SubmitParts,
  ref: SessionRef,
  input: NewInput,
  options: Omit<SubmitOptions, "key" | "boundMs">,
): Promise<Answer> {
  try {
    const prepared = ingress.prepare(ref, input);
    const admission =
      prepared.kind === "rejected" ? prepared : await ingress.admit(ref, prepared, { ...options, isAwaited: false });
    return { kind: "admission", admission };
  } catch (error) {
    return { kind: "error", error };
  }
}

/** What comes within a time; without any time, nothing. */
async function within<T>({ context }: SubmitParts, promise: Promise<T>, ms: number): Promise<T | null> {
  if (ms === 0) return null;
  let cancel = (): void => {};
  const expired = new Promise<null>((resolve) => {
    cancel = context.clock.after(ms, () => resolve(null));
  });
  return Promise.race([promise, expired]).finally(cancel);
}

async function admitted(
  parts: SubmitParts,
  submission: Submission,
  { admission, reserve }: { readonly admission: Admission; readonly reserve: number },
): Promise<SubmitOutcome> {
  if (admission.kind === "rejected") {
    return refused(submission, { kind: "rejected", reason: admission.reason, detail: admission.detail });
  }
  const { status, ack } = admission;
  const isCollapsed = admission.kind === "deduplicated";
  const inputId = isCollapsed ? admission.existingId : admission.inputId;
  const isDurable = submission.isDurableInput && ack.level !== "memory";
  // The status tells what became of the work, but for why it was abandoned.
  const evidence = status === "abandoned" ? await within(parts, findEvidence(parts, submission), reserve) : null;
  const known = workStateOf({ status, outcome: evidence?.record?.outcome ?? null });
  return {
    kind: isCollapsed ? "collapsed" : "admitted",
    inputId,
    durability: isDurable ? "durable" : "process_local",
    workState: known,
    boundMs: submission.boundMs,
    advice: adviceFor(known),
  };
}

function refused({ boundMs }: Submission, refusal: SubmitRefusal): SubmitOutcome {
  return { kind: "refused", refusal, boundMs, advice: "fix_request" };
}

async function failed(
  parts: SubmitParts,
  submission: Submission,
  { error, reserve }: { readonly error: unknown; readonly reserve: number },
): Promise<SubmitOutcome> {
  if (!isAppError(error)) throw error;
  const { code, message } = error;
  if (!isRetryable(code)) return refused(submission, { kind: "error", code, message });
  if (kindOf(code) === "limited")
    return { ...refused(submission, { kind: "error", code, message }), advice: "retry_under_same_key" };
  return timedOut(parts, submission, { cause: "runtime_indeterminate", reserve });
}

async function timedOut(
  parts: SubmitParts,
  submission: Submission,
  { cause, reserve }: { readonly cause: "bound_expired" | "runtime_indeterminate"; readonly reserve: number },
): Promise<SubmitOutcome> {
  const disposition = toDisposition(await within(parts, findEvidence(parts, submission), reserve));
  const { boundMs } = submission;
  return { kind: "timed_out", cause, disposition, boundMs, advice: adviceOf(disposition) };
}

/** What the store testifies. */
interface Evidence {
  readonly isDurable: boolean;
  readonly record: InputRecord | null;
}

/** `null` when the store cannot be asked. */
async function findEvidence(parts: SubmitParts, { ref, key }: Submission): Promise<Evidence | null> {
  const { store } = parts.context;
  try {
    const [{ ack }, record] = await Promise.all([
      store.ping(),
      inputIdOf(parts, ref, { key }).then((inputId) => store.witnesses.find(ref, inputId)),
    ]);
    const isDurableInput = record === null || (JSON.parse(record.payload) as Input).durability === "durable";
    return { isDurable: ack.level !== "memory" && isDurableInput, record };
  } catch {
    // Whatever keeps the store from answering: nothing is known, and that is the answer.
    return null;
  }
}

/** What is not durable may be gone before anybody reads this. */
function toDisposition(evidence: Evidence | null): SubmitDisposition {
  if (evidence === null) return { kind: "unknown", why: "evidence_unavailable" };
  const { isDurable, record } = evidence;
  if (record === null || !isDurable) return { kind: "unknown", why: "no_witness" };
  return { kind: "durably_admitted", inputId: record.inputId, workState: workStateOf(record) satisfies WorkState };
}

function adviceOf(disposition: SubmitDisposition): SubmitAdvice {
  return disposition.kind === "unknown" ? "retry_under_same_key" : adviceFor(disposition.workState);
}
