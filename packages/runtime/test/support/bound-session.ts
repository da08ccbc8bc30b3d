import type { Binding, ExecutorResult, SessionRef } from "@holdfast/contracts";
import { AppError } from "@holdfast/contracts";
import { binding, sessionRef } from "@holdfast/testkit";
import { createWorld, type TestProcess, type World } from "./world.ts";

/** The session that most tests are about. */
export const ref: SessionRef = sessionRef("chat/42");

/** A world with a process that only sends and a bound session. */
export async function withSender<W extends World>(
  world: W,
  onFailure?: Binding["onFailure"],
): Promise<{ readonly world: W; readonly sender: TestProcess }> {
  const sender = await world.start("sender");
  await sender.runtime.ensureSessionWithExecutor(ref, binding(onFailure));
  return { world, sender };
}

/** The same in a new world. */
export function withSession(onFailure?: Binding["onFailure"]) {
  return withSender(createWorld(), onFailure);
}

/** A store that does not answer. */
export function unavailable(): never {
  throw new AppError("store.unavailable");
}

/** What an executor answers that failed and may be asked again. */
export function failure(retryAt?: string): ExecutorResult {
  const failed = { code: "model.refused", message: "no" };
  return { kind: "failed", failure: failed, isRetryable: true, ...(retryAt === undefined ? {} : { retryAt }) };
}
