import { AppError, DEFAULT_INPUT_LIMITS, isAppError, MAX_RESULT_BYTES } from "@holdfast/contracts";
import { canonicalJson, findJsonFault } from "@holdfast/domain";

const encoder = new TextEncoder();

/**
 * Canonical JSON of what an executor hands in, `what` it is said in its own words.
 *
 * A value that is too large fails its turn alone: sent to the store, it would
 * hold up whatever else this process has to say, the renewal of leases included.
 *
 * @throws executor.invalid_result
 */
export function executorJson(what: string, value: unknown): string {
  const fault = findJsonFault(value, DEFAULT_INPUT_LIMITS);
  if (fault !== null) throw invalid(`${what} is no JSON: ${fault.kind} at ${fault.path}`);
  const text = canonical(what, value);
  // UTF-8 needs at most three bytes for one UTF-16 unit: count only when it could matter.
  if (text.length * 3 <= MAX_RESULT_BYTES) return text;
  const bytes = text.length > MAX_RESULT_BYTES ? text.length : encoder.encode(text).length;
  if (bytes <= MAX_RESULT_BYTES) return text;
  throw invalid(`${what} has ${bytes} bytes or more, the limit is ${MAX_RESULT_BYTES}`);
}

/** Reading the value again may run code of the executor: a getter, a `toJSON`. */
function canonical(what: string, value: unknown): string {
  try {
    return canonicalJson(value);
  } catch (cause) {
    if (!isAppError(cause, "internal.bug")) throw cause;
    throw invalid(`${what} is no JSON`, cause);
  }
}

function invalid(message: string, cause?: unknown): AppError {
  return new AppError("executor.invalid_result", { message, cause });
}
