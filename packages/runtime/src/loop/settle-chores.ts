import type { SessionRef } from "@holdfast/contracts";
import type { Ledger } from "../ports/ledger.ts";
import type { OutputGate } from "../publish/output-gate.ts";

/** Finishes what a script left behind, batch by batch; whoever stops in between leaves the rest to the next. */
export async function settleAllChores(ledger: Ledger, ref: SessionRef, publish: OutputGate): Promise<void> {
  for (;;) {
    const { kind, ...change } = await ledger.settleChores(ref);
    publish({ ref, ...change });
    if (kind === "done") return;
  }
}
