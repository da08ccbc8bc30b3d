import { createHoldfast, type Holdfast, isAppError } from "holdfast";
import type { ConnectionOptions } from "./options.ts";
import { type Connection, processSurroundings, resolveConnection } from "./resolve-connection.ts";

/** Whether the store may be a new one: a mistyped namespace must not leave one behind. */
export interface StoreCreation {
  readonly mayCreate: boolean;
}

/** Does something with the store the options name, and closes it in any case. */
export async function withHoldfast<T>(
  options: ConnectionOptions,
  work: (holdfast: Holdfast) => Promise<T>,
  creation: StoreCreation = { mayCreate: false },
): Promise<T> {
  const holdfast = await openHoldfast(resolveConnection(options, processSurroundings()), creation);
  try {
    return await work(holdfast);
  } finally {
    await holdfast.close({ graceMs: 0 });
  }
}

/**
 * Opens a store as a process that hosts nothing. A command that was not told
 * the number of buckets takes the one the store was created with.
 */
export async function openHoldfast(connection: Connection, { mayCreate }: StoreCreation): Promise<Holdfast> {
  try {
    return await createHoldfast({ ...connection, mayCreate });
  } catch (error) {
    const stored = isAppError(error, "store.bucket_mismatch") ? error.details["stored"] : undefined;
    if (connection.buckets !== undefined || typeof stored !== "number") throw error;
    return createHoldfast({ ...connection, mayCreate, buckets: stored });
  }
}
