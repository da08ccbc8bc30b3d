import type { Ack } from "@holdfast/contracts";
import type { Archive } from "./archive.ts";
import type { Blobs } from "./blobs.ts";
import type { Collection } from "./collection.ts";
import type { Control } from "./control.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Deliveries } from "./deliveries.ts";
import type { DirectRuns } from "./direct-runs.ts";
import type { DrainSlots } from "./drain-slots.ts";
import type { Journal } from "./journal.ts";
import type { Ledger } from "./ledger.ts";
import type { LiveRuns } from "./live-runs.ts";
import type { Notifier } from "./notifier.ts";
import type { OperationArchive, Operations } from "./operations.ts";
import type { Presence } from "./presence.ts";
import type { Projections } from "./projections.ts";
import type { Schedules } from "./schedules.ts";
import type { SessionDirectory } from "./session-directory.ts";
import type { Streams } from "./streams.ts";
import type { Unregistration } from "./unregistration.ts";
import type { Witnesses } from "./witnesses.ts";

/** Every persistence port of one store, opened and closed together. */
export interface Store {
  readonly ledger: Ledger;
  readonly directory: SessionDirectory;
  readonly control: Control;
  readonly archive: Archive;
  readonly witnesses: Witnesses;
  readonly projections: Projections;
  readonly journal: Journal;
  readonly liveRuns: LiveRuns;
  readonly streams: Streams;
  readonly presence: Presence;
  readonly operations: Operations;
  readonly operationArchive: OperationArchive;
  readonly notifier: Notifier;
  readonly drains: DrainSlots;
  readonly deliveries: Deliveries;
  readonly unregistration: Unregistration;
  readonly deadLetters: DeadLetters;
  readonly blobs: Blobs;
  readonly collection: Collection;
  readonly directRuns: DirectRuns;
  readonly schedules: Schedules;
  /** Answers when the store does, and would take a write. @throws store.unavailable */
  ping(): Promise<StoreHealth>;
  close(): Promise<void>;
}

/** What a store says of itself. */
export interface StoreHealth {
  readonly ack: Ack;
  /** One line for people: product, version, persistence. */
  readonly description: string;
}
