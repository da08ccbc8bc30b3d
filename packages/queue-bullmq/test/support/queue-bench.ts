import type { SessionId, SessionRef, TenantId } from "@holdfast/contracts";
import type { Clock, Report, WakeQueue } from "@holdfast/runtime";
import { afterEach } from "vitest";
import { createBullmqWakeQueue } from "../../src/index.ts";

let count = 0;
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs after the test, last registered first. */
export function after(cleanup: () => Promise<void> | void): void {
  cleanups.push(cleanup);
}

/** A key prefix nobody else has. */
export function freshPrefix(): string {
  count += 1;
  return `{test-${process.pid}-${Date.now()}-${count}.wake}`;
}

/** A queue that is closed after the test, with what it reported. */
export function openQueue(
  url: string,
  options: { prefix?: string; clock?: Clock; maxBacklog?: number } = {},
): { readonly queue: WakeQueue; readonly reports: Report[]; readonly prefix: string } {
  const { prefix = freshPrefix(), ...rest } = options;
  const reports: Report[] = [];
  const queue = createBullmqWakeQueue({ url, prefix, onReport: (report) => reports.push(report), ...rest });
  after(() => queue.close());
  return { queue, reports, prefix };
}

export function ref(sessionId: string, tenantId = "default"): SessionRef {
  return { tenantId: tenantId as TenantId, sessionId: sessionId as SessionId };
}

/** A promise and what settles it. */
export function latch(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
