import type { OperationOutcome, SessionRef } from "@holdfast/contracts";
import type { RegistryChange } from "../ports/operations.ts";
import type { OutputGate } from "../publish/output-gate.ts";

/** Publishes what a change of a registry has to tell; every operation that ended with it ended in the same way. */
export function publishChange(
  publish: OutputGate,
  ref: SessionRef,
  { change, outcome }: { readonly change: RegistryChange; readonly outcome?: OperationOutcome },
): void {
  const { ended, satisfied, followers, cursor } = change;
  publish({
    ref,
    settled: [],
    followers,
    cursor,
    ended: outcome === undefined ? ended : ended.map((notice) => ({ ...notice, outcome })),
    endedWait: satisfied,
  });
}
