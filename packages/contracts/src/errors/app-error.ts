import { ERRORS, type ErrorCode, isRetryable, statusOf } from "./registry.ts";

const BRAND = Symbol.for("holdfast.AppError");

/** What an error may carry beside its code; shown to callers, so nothing secret belongs here. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The wire form of a failure: RFC 9457 problem details with our stable code. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly isRetryable: boolean;
  readonly details?: ErrorDetails;
}

/**
 * The one failure class. Recognised by brand and code, never by `instanceof`
 * or by text; `cause` keeps what a driver said.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, options: { message?: string; details?: ErrorDetails; cause?: unknown } = {}) {
    super(options.message ?? ERRORS[code].summary, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.details = options.details ?? {};
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Recognises an {@link AppError} across copies of this package, optionally by code. */
export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return code === undefined || (error as { readonly code?: unknown }).code === code;
}

/** The problem document of any error; an unknown one becomes `internal.bug` without details. */
export function toProblem(error: unknown): Problem {
  const known = isAppError(error) ? error : new AppError("internal.bug");
  const hasDetails = Object.keys(known.details).length > 0;
  return {
    type: `urn:holdfast:problem:${known.code}`,
    title: ERRORS[known.code].summary,
    status: statusOf(known.code),
    detail: known.message,
    code: known.code,
    isRetryable: isRetryable(known.code),
    ...(hasDetails ? { details: known.details } : {}),
  };
}
