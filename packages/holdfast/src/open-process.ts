/** Wires a store, a wake queue and the runtime into one process. Decides nothing. */
import {
  DEFAULT_GRACE_MS,
  DEFAULT_INPUT_LIMITS,
  DEFAULT_LOOP_LIMITS,
  DEFAULT_RETRY_BUDGET,
  DEFAULT_TENANT,
  DEFAULT_TIMING,
  type NodeId,
  type RetryBudget,
  retentionOf,
  type Timing,
} from "@holdfast/contracts";
import { parseSessionRef, parseTenantId } from "@holdfast/domain";
import {
  createSessionRuntime,
  paceReports,
  type Report,
  type RuntimeContext,
  type Store,
  sha256,
  systemClock,
  systemRandom,
  type WakeQueue,
} from "@holdfast/runtime";
import { assertExecutors } from "./assert-executors.ts";
import type { Holdfast, ProcessOptions } from "./holdfast.ts";
import { createSessionHandle } from "./session-handle.ts";

/** As long as a timer can be. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a process stands on; it closes both. */
export interface Ground {
  readonly store: Store;
  readonly wakeQueue: WakeQueue;
}

/** What that is opened with. */
export interface GroundParts {
  readonly timing: Timing;
  readonly budget: RetryBudget;
  readonly report: (report: Report) => void;
}

/** Opens what a process stands on, and starts it. */
export async function openProcess(
  options: ProcessOptions,
  open: (parts: GroundParts) => Promise<Ground>,
): Promise<Holdfast> {
  const { executors = [] } = options;
  const tenantId = parseTenantId(options.tenantId ?? DEFAULT_TENANT);
  assertExecutors(executors);
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const budget = { ...DEFAULT_RETRY_BUDGET, ...options.budget };
  const reports = paceReports(options.onReport ?? (() => {}), systemClock);
  const { store, wakeQueue } = await open({ timing, budget, report: reports.report });
  const context: RuntimeContext = {
    node: systemRandom.id("nod") as NodeId,
    store,
    wakeQueue,
    clock: systemClock,
    random: systemRandom,
    sha256,
    timing,
    budget,
    loop: { ...DEFAULT_LOOP_LIMITS, ...options.loop },
    inputLimits: { ...DEFAULT_INPUT_LIMITS, ...options.inputLimits },
    retention: retentionOf(options.retention),
    report: reports.report,
  };
  const running = createSessionRuntime(context, executors);
  // A store in process has no connection that would keep the process up while work waits for its time.
  const keepAlive = setInterval(() => {}, LONGEST_TIMER_MS);
  let isClosed = false;
  const close = async (graceMs: number) => {
    isClosed = true;
    try {
      await running.stop({ graceMs });
    } finally {
      clearInterval(keepAlive);
      // Whatever went wrong before: a connection that is left open keeps the process alive for ever.
      await Promise.allSettled([wakeQueue.close(), store.close()]);
      reports.close();
    }
  };
  try {
    await running.start();
  } catch (error) {
    await close(0);
    throw error;
  }
  return {
    runtime: running.runtime,
    node: context.node,
    tenantId,
    session: (sessionId, sessionOptions) => {
      const ref = parseSessionRef({ tenantId, sessionId });
      return createSessionHandle({ runtime: running.runtime, isClosed: () => isClosed }, ref, sessionOptions);
    },
    close: ({ graceMs = DEFAULT_GRACE_MS } = {}) => close(graceMs),
  };
}
