/**
 * What a ledger must say once nothing is left to do, read from the ledger alone.
 *
 * The checks are those of the simulation. The executors of the session keep a
 * state of the form `{applied}`, the ids of their inputs in order.
 */
import type { SessionRef } from "@holdfast/contracts";
import type { Store } from "@holdfast/runtime";
import { checkInputRecord } from "../simulation/check-inputs.ts";
import { checkOrder } from "../simulation/check-order.ts";
import { checkReceiptRecord } from "../simulation/check-receipts.ts";
import { readLedger } from "../simulation/ledger-record.ts";
import type { Complain } from "../simulation/life.ts";
import { readPlaces } from "../simulation/places.ts";

/** Every broken guarantee of a session at rest; an unknown session has none. */
export async function findLedgerFaults(store: Store, ref: SessionRef): Promise<readonly string[]> {
  const ledger = await readLedger({ storePorts: store }, ref);
  if (ledger === null) return [];
  const faults: string[] = [];
  const complain: Complain = (guarantee, text) => faults.push(`${guarantee}: ${text}`);
  checkReceiptRecord(ledger, complain);
  checkInputRecord(ledger, { complain, isDrained: true });
  checkOrder(ledger, readPlaces(ledger, complain), complain);
  return faults;
}
