import { type AppError, type ErrorCode, isAppError } from "@holdfast/contracts";
import type { Process } from "./cluster.ts";
import type { Facts } from "./history.ts";
import type { World } from "./world.ts";

/** How something that was asked ended; `code` for a refusal or a failure. */
export type Told<T> =
  | { readonly kind: "answered"; readonly value: T; readonly step: number; readonly at: number }
  | {
      readonly kind: "failed";
      readonly code: ErrorCode | "unknown";
      readonly step: number;
      readonly details: AppError["details"];
    };

/** Why callers try again. */
export const RETRY_MS = 100;

/** Waits for the answer to something that a process asked, and notes it. */
export async function tell<T>(
  { history, clock }: World,
  { node }: Process,
  { what, call }: { readonly what: string; readonly call: Promise<T> },
): Promise<Told<T>> {
  const told: Told<T> = await call.then(
    (value) => ({ kind: "answered", value, step: history.length, at: clock.monotonic() }) as const,
    (error: unknown) => {
      const { code, details } = isAppError(error) ? error : { code: "unknown" as const, details: {} };
      return { kind: "failed", code, details, step: history.length } as const;
    },
  );
  history.note(node.name, what, () => (told.kind === "answered" ? summaryOf(told.value) : { failed: told.code }));
  return told;
}

function summaryOf(value: unknown): Facts {
  if (typeof value !== "object" || value === null) return value === undefined ? {} : { answer: value };
  const { admission, ...rest } = value as { admission?: { kind: string; inputId?: string } };
  if (typeof admission === "object") return { answer: admission.kind, input: admission.inputId };
  return rest;
}
