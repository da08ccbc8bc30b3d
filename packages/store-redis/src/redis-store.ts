import {
  type Ack,
  DEFAULT_BUCKETS,
  DEFAULT_MEMORY_LIMITS,
  DEFAULT_NAMESPACE,
  DEFAULT_RETRY_BUDGET,
  DEFAULT_TIMING,
  isAppError,
  type MemoryLimits,
  type Retention,
  type RetryBudget,
  retentionOf,
  type Timing,
} from "@holdfast/contracts";
import type { Store } from "@holdfast/runtime";
import type { Redis } from "ioredis";
import { createRedisArchive } from "./archive/redis-archive.ts";
import { createRedisProjections } from "./archive/redis-projections.ts";
import { createRedisWitnesses } from "./archive/redis-witnesses.ts";
import { createRedisBlobs } from "./blobs/redis-blobs.ts";
import { createRedisCollection } from "./blobs/redis-collection.ts";
import { MemoryWatch } from "./connection/memory-watch.ts";
import { openLedgerConnection, openSubscriberConnection } from "./connection/redis-connection.ts";
import { toStoreError } from "./connection/redis-errors.ts";
import { openScriptLibrary, type PrepareSource } from "./connection/script-library.ts";
import { ScriptRunner } from "./connection/script-runner.ts";
import { createRedisControl } from "./control/redis-control.ts";
import { createRedisDeadLetters } from "./control/redis-dead-letters.ts";
import { createRedisJournal } from "./control/redis-journal.ts";
import { createRedisDeliveries } from "./delivery/redis-deliveries.ts";
import { createRedisDrainSlots } from "./drain/redis-drain-slots.ts";
import { Keyspace } from "./layout/keys.ts";
import { createRedisDirectRuns } from "./ledger/redis-direct-runs.ts";
import { createRedisLedger } from "./ledger/redis-ledger.ts";
import { createRedisLiveRuns } from "./ledger/redis-live-runs.ts";
import { RedisNotifier } from "./notifier/redis-notifier.ts";
import { createRedisOperationArchive } from "./operation/redis-operation-archive.ts";
import { createRedisOperations } from "./operation/redis-operations.ts";
import { createRedisPresence } from "./presence/redis-presence.ts";
import { createRedisSchedules } from "./session/redis-schedules.ts";
import { createRedisSessionDirectory } from "./session/redis-session-directory.ts";
import { createRedisUnregistration } from "./session/redis-unregistration.ts";
import {
  ackLevelOf,
  assertServerFit,
  assertWritable,
  describeServer,
  readServerFacts,
  type ServerFacts,
} from "./startup/check-server.ts";
import { openExistingStore, openStore } from "./startup/open-store.ts";
import { createRedisStreams } from "./stream/redis-streams.ts";

/** Where the store is and how it behaves. */
export interface RedisStoreOptions {
  /** `redis://[user:password@]host:port[/db]`, or `rediss:` for TLS. */
  readonly url: string;
  /** Key prefix; several stores may share one server. */
  readonly namespace?: string;
  /** Fixed when the store is created; a process configured otherwise is refused. */
  readonly buckets?: number;
  /** Whether a store that is not there is created, which is the default; else it is `store.not_found`. */
  readonly mayCreate?: boolean;
  readonly timing?: Partial<Timing>;
  readonly budget?: Partial<RetryBudget>;
  /** How much of what is over each session keeps. */
  readonly retention?: Partial<Retention>;
  /** When nothing new is taken. */
  readonly memory?: Partial<MemoryLimits>;
  /** How long a call is repeated while the server does not answer, in milliseconds. */
  readonly patienceMs?: number;
  /** Changes the library of scripts before it is loaded. @internal */
  readonly prepareSource?: PrepareSource;
}

/** A store on Redis, with what else its owner may want to know. */
export interface RedisStore extends Store {
  readonly keys: Keyspace;
  readonly server: ServerFacts;
  /** Whether the server sheds load at its memory limit by script flags. */
  readonly hasMemoryFlags: boolean;
}

const DEFAULT_PATIENCE_MS = 3_000;

/**
 * Opens a store: connects, checks the server, creates what is missing.
 *
 * @throws store.unavailable, store.evicting, store.unsupported, store.bucket_mismatch, store.not_found
 */
export async function createRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const keys = new Keyspace({
    namespace: options.namespace ?? DEFAULT_NAMESPACE,
    buckets: options.buckets ?? DEFAULT_BUCKETS,
  });
  const opened: Redis[] = [];
  const open = async (connecting: Promise<Redis>): Promise<Redis> => {
    const connection = await connecting;
    opened.push(connection);
    return connection;
  };
  try {
    const client = await open(openLedgerConnection(options.url));
    const server = await readServerFacts(client);
    assertServerFit(server);
    const timeline =
      options.mayCreate === false ? await openExistingStore(client, keys) : await openStore(client, keys, server);
    const ack: Ack = { level: ackLevelOf(server), timeline };
    const renewing = await open(openLedgerConnection(options.url));
    const subscriber = await open(openSubscriberConnection(options.url));
    return await assemble({ options, keys, server, ack, connections: { client, renewing, subscriber } });
  } catch (error) {
    // One that stays open would keep the process from ending.
    for (const connection of opened) connection.disconnect();
    throw isAppError(error) ? error : toStoreError(error);
  }
}

async function assemble(parts: {
  readonly options: RedisStoreOptions;
  readonly keys: Keyspace;
  readonly server: ServerFacts;
  readonly ack: Ack;
  readonly connections: Readonly<Record<"client" | "renewing" | "subscriber", Redis>>;
}): Promise<RedisStore> {
  const { options, keys, server, connections } = parts;
  const timing: Timing = { ...DEFAULT_TIMING, ...options.timing };
  const retention = retentionOf(options.retention);
  const budget: RetryBudget = { ...DEFAULT_RETRY_BUDGET, ...options.budget };
  const library = await openScriptLibrary(connections.client, options.prepareSource ?? ((source) => source));
  const patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS;
  const scripts = new ScriptRunner({ client: connections.client, patienceMs, library });
  const renewals = new ScriptRunner({ client: connections.renewing, patienceMs, library });
  const memory = new MemoryWatch({
    limits: { ...DEFAULT_MEMORY_LIMITS, ...options.memory },
    readInfo: () => connections.client.info("memory"),
    monotonic: () => performance.now(),
  });
  await memory.look();
  const ack = () => parts.ack;
  const notifier = new RedisNotifier({ publisher: connections.client, subscriber: connections.subscriber, keys });
  return {
    keys,
    server,
    hasMemoryFlags: library.hasMemoryFlags,
    ledger: createRedisLedger({ scripts, renewals, keys, timing, budget, retention, memory, ack }),
    directory: createRedisSessionDirectory({ scripts, keys, rewakeMs: timing.rewakeMs }),
    control: createRedisControl({ scripts, keys, timing, budget }),
    archive: createRedisArchive({ scripts, keys, ack }),
    witnesses: createRedisWitnesses({ scripts, keys, ack }),
    projections: createRedisProjections({ scripts, keys }),
    journal: createRedisJournal({ scripts, keys }),
    liveRuns: createRedisLiveRuns({ scripts, keys, ack }),
    streams: createRedisStreams({ scripts, keys, retention }),
    presence: createRedisPresence({ scripts, keys }),
    unregistration: createRedisUnregistration({ scripts, keys, timing, budget }),
    operations: createRedisOperations({ scripts, keys, timing }),
    operationArchive: createRedisOperationArchive({ scripts, keys }),
    notifier,
    drains: createRedisDrainSlots({ scripts, keys }),
    deliveries: createRedisDeliveries({ scripts, keys, timing }),
    deadLetters: createRedisDeadLetters({ scripts, keys }),
    blobs: createRedisBlobs({ scripts, keys }),
    collection: createRedisCollection({ scripts, keys }),
    directRuns: createRedisDirectRuns({ scripts, keys, timing, memory }),
    schedules: createRedisSchedules({ scripts, keys }),
    ping: async () => {
      assertWritable(await scripts.read((redis) => redis.info("replication")));
      return { ack: ack(), description: describeServer(server) };
    },
    close: async () => {
      await notifier.close();
      for (const connection of Object.values(connections)) connection.disconnect();
    },
  };
}
