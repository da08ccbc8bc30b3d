/** Connections that the wake queue owns; BullMQ is only ever handed one of them. */
import { Redis, type RedisOptions } from "ioredis";

const CONNECT_TIMEOUT_MS = 3_000;
const RECONNECT_CAP_MS = 1_000;

const SHARED = {
  connectTimeout: CONNECT_TIMEOUT_MS,
  retryStrategy: (attempt: number) => Math.min(20 * 2 ** Math.min(attempt, 10), RECONNECT_CAP_MS),
  // The server behind the address has become a replica: the next connection finds the new primary.
  reconnectOnError: (error: Error) => (error.message.startsWith("READONLY") ? 1 : false),
} as const satisfies RedisOptions;

/** A client that answers or fails at once; it never keeps a command for later. */
export function openProducerClient(url: string, commandTimeoutMs: number): Redis {
  return quiet(
    new Redis(url, {
      ...SHARED,
      commandTimeout: commandTimeoutMs,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectionName: "holdfast-wake-producer",
    }),
  );
}

/** The two clients of one worker: one for scripts, one to block on. */
export interface ConsumerClients {
  readonly commands: Redis;
  readonly blocking: Redis;
  disconnect(): void;
}

/** Clients that wait out an outage, as a BullMQ worker needs them. */
export function openConsumerClients(url: string): ConsumerClients {
  const open = (connectionName: string): Redis =>
    quiet(new Redis(url, { ...SHARED, maxRetriesPerRequest: null, connectionName }));
  const commands = open("holdfast-wake-consumer");
  const blocking = open("holdfast-wake-blocking");
  // A worker asks its client for a second one to block on; this one stays in our hands.
  commands.duplicate = () => blocking;
  return {
    commands,
    blocking,
    disconnect: () => {
      // BullMQ may have ended one: told again, it would keep the process alive until a timer runs out.
      for (const client of [commands, blocking]) if (client.status !== "end") client.disconnect();
    },
  };
}

/** Without a listener a broken connection would end the process; every command reports it anyway. */
function quiet(client: Redis): Redis {
  client.on("error", () => {});
  return client;
}
