import {
  type Ack,
  type AckLevel,
  DEFAULT_RETRY_BUDGET,
  DEFAULT_TIMING,
  type Retention,
  type RetryBudget,
  retentionOf,
  type SessionRef,
  type Timing,
} from "@holdfast/contracts";
import type { Clock, Notifier, Store } from "@holdfast/runtime";
import { type CompanionImage, companionImage } from "./archive/companion-image.ts";
import { createMemoryArchive } from "./archive/memory-archive.ts";
import { createMemoryProjections } from "./archive/memory-projections.ts";
import { createMemoryWitnesses } from "./archive/memory-witnesses.ts";
import { type SessionImage, sessionImage } from "./archive/session-image.ts";
import { createMemoryBlobs } from "./blobs/memory-blobs.ts";
import { createMemoryCollection } from "./blobs/memory-collection.ts";
import { createMemoryControl, createMemoryJournal } from "./control/memory-control.ts";
import { createMemoryDeliveries } from "./delivery/memory-deliveries.ts";
import { createMemoryDrainSlots } from "./drain/memory-drain-slots.ts";
import { createMemoryDeadLetters } from "./input/dead-letters.ts";
import { createMemoryDirectRuns } from "./ledger/begin.ts";
import { createMemoryLiveRuns } from "./ledger/checkpoint.ts";
import { createMemoryLedger } from "./ledger/memory-ledger.ts";
import { createMemoryNotifier, type MemoryNotifierHub } from "./notifier/memory-notifier.ts";
import { createMemoryOperationArchive } from "./operation/memory-operation-archive.ts";
import { createMemoryOperations } from "./operation/memory-operations.ts";
import { createMemoryPresence } from "./presence/memory-presence.ts";
import { createMemorySessionDirectory } from "./session/memory-session-directory.ts";
import { createMemorySchedules } from "./session/schedules.ts";
import { newStoreData, type StoreData } from "./session/session-data.ts";
import { createMemoryUnregistration } from "./session/unregistration.ts";
import type { MemoryContext } from "./session/work.ts";
import { createMemoryStreams } from "./stream/memory-streams.ts";

/** How a memory store behaves. */
export interface MemoryStoreOptions {
  /** Its `now` is the store's time (L7). */
  readonly clock: Clock;
  readonly timing?: Partial<Timing>;
  readonly budget?: Partial<RetryBudget>;
  /** How much of what is over each session keeps. */
  readonly retention?: Partial<Retention>;
  /** What the store claims its answers survive; it keeps nothing on disk. */
  readonly ackLevel?: AckLevel;
  /** Shared by the stores of several processes in one test; one of its own otherwise. */
  readonly notifier?: MemoryNotifierHub;
}

/** A copy of everything a store held at one moment. */
export interface StoreSnapshot {
  /** Opaque: only `restore` reads it. */
  readonly data: unknown;
}

/** A store in process, with what tests and simulations do to one. */
export interface MemoryStore extends Store {
  /** The same store as another node sees it: all ports, and a notifier of its own. */
  connect(): Store;
  /** Copies everything. */
  snapshot(): StoreSnapshot;
  /** Puts a copy back and moves the timeline, as a server does that lost its latest writes. */
  restore(snapshot: StoreSnapshot): void;
  /** A session as canonical plain JSON, or `null`. */
  inspect(ref: SessionRef): SessionImage | null;
  /** What is kept beside a session, which need not exist. */
  inspectCompanions(ref: SessionRef): CompanionImage;
}

/**
 * Opens an empty store in process: the reference model of every other one.
 *
 * Every operation is one synchronous step, so calls take effect in the order
 * they are made.
 */
export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  let data = newStoreData();
  let timeline = 0;
  const level = options.ackLevel ?? "memory";
  const ack = (): Ack => ({ level, timeline });
  const hub = options.notifier ?? createMemoryNotifier({ clock: options.clock });
  const context: MemoryContext = {
    config: {
      timing: { ...DEFAULT_TIMING, ...options.timing },
      budget: { ...DEFAULT_RETRY_BUDGET, ...options.budget },
      retention: retentionOf(options.retention),
      ackLevel: level,
    },
    now: () => options.clock.now(),
    data: () => data,
  };
  const connect = () => assemble(context, ack, hub.connect());
  return {
    ...connect(),
    connect,
    snapshot: () => ({ data: structuredClone(data) }),
    restore: (snapshot) => {
      data = structuredClone(snapshot.data as StoreData);
      timeline += 1;
    },
    inspect: (ref) => sessionImage(context, ref),
    inspectCompanions: (ref) => companionImage(context, ref),
  };
}

function assemble(context: MemoryContext, ack: () => Ack, notifier: Notifier): Store {
  return {
    ledger: createMemoryLedger(context, ack),
    directory: createMemorySessionDirectory(context),
    control: createMemoryControl(context),
    archive: createMemoryArchive(context, ack),
    witnesses: createMemoryWitnesses(context),
    projections: createMemoryProjections(context),
    journal: createMemoryJournal(context),
    liveRuns: createMemoryLiveRuns(context, ack),
    streams: createMemoryStreams(context),
    presence: createMemoryPresence(context),
    unregistration: createMemoryUnregistration(context),
    operations: createMemoryOperations(context),
    operationArchive: createMemoryOperationArchive(context),
    notifier,
    drains: createMemoryDrainSlots(context),
    deliveries: createMemoryDeliveries(context),
    deadLetters: createMemoryDeadLetters(context),
    blobs: createMemoryBlobs(context),
    collection: createMemoryCollection(context),
    directRuns: createMemoryDirectRuns(context, ack),
    schedules: createMemorySchedules(context),
    ping: async () => ({ ack: ack(), description: "in this process, nothing on disk" }),
    close: () => notifier.close(),
  };
}
