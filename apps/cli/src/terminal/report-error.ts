/**
 * How a command fails: one line `error[code]: message`, a hint when something
 * can be done, and an exit code that a script can go by.
 */
import { AppError, ERROR_KINDS, ERRORS, type ErrorCode, isAppError, toProblem } from "holdfast";
import { paint, stderr } from "./terminal.ts";
import { printable } from "./text.ts";

/** 0 done, 1 failed, 2 can never succeed as asked, 3 not known: ask again. */
export const EXIT = { done: 0, failed: 1, usage: 2, unavailable: 3, interrupted: 130 } as const;

const HINTS: Partial<Record<ErrorCode, string>> = {
  "session.not_found": "`holdfast sessions` lists them; `holdfast send ID TEXT --executor NAME` creates one",
  "session.destroyed": "a destroyed session stays destroyed; use another id",
  "session.not_accepting":
    "`holdfast recycle ID` opens a retired session again, `holdfast register ID --executor NAME` a stopped one; `explain` tells which it is",
  "idempotency.mismatch": "the key belongs to another text; use a key of its own for this one",
  "control.refused": "`holdfast explain ID` lists the verbs that are legal in this phase",
  "run.not_current": "`holdfast explain ID` names the current run",
  "store.unavailable": "check that the server is up and the URL is right: `redis-cli -u URL ping`",
  "store.not_found": "check --namespace and the URL; the first worker creates the store",
  "store.unsupported": "`holdfast doctor` says what the server lacks",
  "wait.timeout": "the work goes on; `holdfast explain ID` says what it waits for",
};

const hints = new WeakMap<object, string>();

/** The same error with something the reader can do about it. */
export function withHint(error: unknown, hint: string): unknown {
  if (typeof error === "object" && error !== null) hints.set(error, hint);
  return error;
}

/** Says what went wrong on stderr; answers the exit code. */
export function reportError(error: unknown, form: { readonly isJson: boolean }): number {
  const known = isAppError(error) ? error : new AppError("internal.bug", { message: messageOf(error), cause: error });
  const hint = hintOf(error, known);
  if (form.isJson) {
    stderr.write(`${JSON.stringify({ error: { ...toProblem(known), ...(hint === null ? {} : { hint }) } })}\n`);
  } else {
    stderr.write(`${paint(stderr, "bad", `error[${known.code}]`)}: ${printable(known.message)}\n`);
    if (hint !== null) stderr.write(`${paint(stderr, "quiet", "hint:")} ${printable(hint)}\n`);
  }
  if (process.env["HOLDFAST_DEBUG"] && error instanceof Error) stderr.write(`${error.stack}\n`);
  return exitCodeOf(known.code);
}

/** The exit code of an error code. */
function exitCodeOf(code: ErrorCode): number {
  const { kind } = ERRORS[code];
  if (kind === "unavailable" || kind === "timeout") return EXIT.unavailable;
  if (kind === "invalid") return EXIT.usage;
  return ERROR_KINDS[kind].isRetryable ? EXIT.unavailable : EXIT.failed;
}

function hintOf(error: unknown, known: AppError): string | null {
  const given = typeof error === "object" && error !== null ? hints.get(error) : undefined;
  if (given !== undefined) return given;
  if (known.code === "internal.bug") return "this is a defect; HOLDFAST_DEBUG=1 shows where it happened";
  return HINTS[known.code] ?? null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
