/** Stores whose blobs are kept elsewhere, or nowhere. */
import { AppError, type SessionRef } from "@holdfast/contracts";
import { LRUCache } from "lru-cache";
import type { Blobs } from "../ports/blobs.ts";
import type { Store } from "../ports/store.ts";
import { type Report, refKey } from "../runtime-context.ts";

/** Sessions that are remembered as warned of. */
const WARNED_SESSIONS = 10_000;

/** A store with its blobs elsewhere. */
export function withBlobs(store: Store, blobs: Blobs): Store {
  return { ...store, blobs };
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
    count: async () => ({ old: 0, young: 0 }),
    retain: async () => {},
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
