/** Stores whose blobs are kept elsewhere, or nowhere. */
import { AppError, type SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import { LRUCache } from "lru-cache";
import type { Blobs } from "../ports/blobs.ts";
import type { Store } from "../ports/store.ts";
import { type Report, refKey } from "../runtime-context.ts";

/** Sessions that are remembered as warned of. */
const WARNED_SESSIONS = 10_000;

/**
 * A store with its blobs elsewhere.
 *
 * Those of a destroyed session are removed before the last of its chores is
 * done: whoever dies in between leaves the chore, and with it the removal, to
 * the next (D55).
 */
export function withBlobs(store: Store, blobs: Blobs): Store {
  const { ledger, directory } = store;
  const settleChores: Store["ledger"]["settleChores"] = async (ref) => {
    const record = await directory.find(ref);
    if (record !== null && isFinalPhase(record.phase)) await blobs.clear(ref);
    return ledger.settleChores(ref);
  };
  return { ...store, blobs, ledger: { ...ledger, settleChores } };
}

/**
 * A store that keeps no blobs: an input that would need one is refused with
 * `blob.unsupported`, and every session that is used is warned of, once.
 */
export function withoutBlobs(store: Store, report: (report: Report) => void): Store {
  const warned = new LRUCache<string, true>({ maxSize: WARNED_SESSIONS, sizeCalculation: () => 1 });
  const warn = (ref: SessionRef) => {
    if (warned.has(refKey(ref))) return;
    warned.set(refKey(ref), true);
    report({ level: "warn", phrase: "session keeps no blobs", fields: { ref } });
  };
  const { ledger, directory } = store;
  const blobs: Blobs = {
    put: async (_ref, name) => {
      throw new AppError("blob.unsupported", { message: "this store keeps no blobs", details: { blob: name } });
    },
    find: async () => null,
    clear: async () => {},
  };
  return {
    ...store,
    blobs,
    directory: {
      ...directory,
      register: (command) => {
        warn(command.ref);
        return directory.register(command);
      },
    },
    ledger: {
      ...ledger,
      admit: (command) => {
        warn(command.ref);
        return ledger.admit(command);
      },
    },
  };
}
