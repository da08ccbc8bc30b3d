import { AppError, type BoundaryRef, type Receipt, type SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { Store } from "../ports/store.ts";

/** A receipt, or `null` for one that never was. @throws receipt.expired where it may have been let go with older ones */
export async function loadReceipt(
  { archive, directory }: Pick<Store, "archive" | "directory">,
  ref: SessionRef,
  boundary: BoundaryRef,
): Promise<Receipt | null> {
  const receipt = await archive.findReceipt(ref, boundary);
  if (receipt !== null) return receipt;
  const record = await directory.find(ref);
  if (record === null || isFinalPhase(record.phase)) return null;
  const [first] = (await archive.listReceipts(ref, { after: 0, limit: 1 })).items;
  const keptFrom = first?.position ?? record.position + 1;
  if (keptFrom === 1) return null;
  throw new AppError("receipt.expired", {
    message: `the session keeps receipts from position ${keptFrom} on, and the named one is not among them`,
    details: { keptFrom },
  });
}
