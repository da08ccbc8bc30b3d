import { AppError, type Outcome, type SessionRef } from "@holdfast/contracts";
import type { Clock } from "../ports/clock.ts";
import type { WaitOptions } from "../session-runtime.ts";
import type { AwaitedInput, Completions } from "./completions.ts";

/** Resolves with how an input ended, now or later. @throws wait.timeout, what the signal was aborted with */
export async function waitForOutcome(
  { completions, clock }: { readonly completions: Completions; readonly clock: Clock },
  { ref, input }: { readonly ref: SessionRef; readonly input: AwaitedInput },
  options: WaitOptions,
): Promise<Outcome> {
  const expectation = completions.watch(ref, input);
  const limit = limitOf(clock, options);
  try {
    return await Promise.race([expectation.outcome, limit.reached]);
  } finally {
    expectation.cancel();
    limit.cancel();
  }
}

/** What ends a wait before its outcome: the time, the caller. */
export function limitOf(clock: Clock, { timeoutMs, signal }: WaitOptions) {
  let cancelTimer = (): void => {};
  let abort = (): void => {};
  const reached = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal?.reason as Error);
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    if (timeoutMs === undefined) return;
    cancelTimer = clock.after(timeoutMs, () => reject(new AppError("wait.timeout", { details: { timeoutMs } })));
  });
  reached.catch(() => {});
  return {
    reached,
    cancel: () => {
      cancelTimer();
      signal?.removeEventListener("abort", abort);
    },
  };
}
