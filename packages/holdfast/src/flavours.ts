/** The three ways to keep sessions: nowhere but in this process, whole, or whole but for large content. */
import { systemClock, withoutBlobs } from "@holdfast/runtime";
import { createMemoryStore, createMemoryWakeQueue } from "@holdfast/store-memory";
import { createHoldfast, openOnRedis } from "./create-holdfast.ts";
import type { Holdfast, PersistentOptions, ProcessOptions } from "./holdfast.ts";
import { openProcess } from "./open-process.ts";

/**
 * Sessions in this process alone: the same rules, nothing on disk, and all of it
 * gone when the process ends. Inputs are acknowledged at level `memory`.
 *
 * @throws config.invalid, id.invalid
 */
export function ephemeral(options: ProcessOptions = {}): Promise<Holdfast> {
  return openProcess(options, async ({ timing, budget }) => ({
    store: createMemoryStore({ clock: systemClock, timing, budget, retention: options.retention ?? {} }),
    wakeQueue: createMemoryWakeQueue({ clock: systemClock }).connect(),
  }));
}

/** Sessions on Redis, with images and large content there or where `blobs` keeps them. @throws as `createHoldfast` */
export function persistent({ store, ...options }: PersistentOptions): Promise<Holdfast> {
  return createHoldfast({ ...options, ...store });
}

/**
 * Sessions on Redis without a place for images: an input with one is refused with
 * `blob.unsupported`, and every session this process uses is reported once, as
 * `session keeps no blobs`. All else is kept as by `persistent`, what is large in
 * the ledger itself.
 *
 * @throws as `createHoldfast`
 */
export function persistentWithoutBlobs({ store, ...options }: Omit<PersistentOptions, "blobs">): Promise<Holdfast> {
  // Not paced with other reports: each names another session.
  const report = options.onReport ?? (() => {});
  const ground = openOnRedis({ ...options, ...store }, (opened) => withoutBlobs(opened, report));
  return openProcess(options, ground);
}
