/**
 * Connections that the ledger owns.
 *
 * A broken connection means an unknown outcome, and only a repeat with the same
 * ids resolves it. So the client neither queues nor re-sends by itself:
 * `ScriptRunner` repeats.
 */
import { Redis, type RedisOptions } from "ioredis";
import { toConnectError } from "./redis-errors.ts";
import { withoutSecret } from "./without-secret.ts";

const COMMAND_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
const RECONNECT_CAP_MS = 1_000;

const OPTIONS = {
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  enableAutoPipelining: false,
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: CONNECT_TIMEOUT_MS,
  lazyConnect: true,
  retryStrategy: (attempt: number) => Math.min(20 * 2 ** Math.min(attempt, 10), RECONNECT_CAP_MS),
  reconnectOnError: (error: Error) => (error.message.startsWith("READONLY") ? 1 : false),
} as const satisfies RedisOptions;

/** Opens a connection with the ledger's settings. @throws store.unavailable */
export async function openLedgerConnection(url: string): Promise<Redis> {
  return connect(new Redis(url, OPTIONS), url);
}

/** Opens a connection for subscriptions: it reconnects for ever and subscribes again. @throws store.unavailable */
export async function openSubscriberConnection(url: string): Promise<Redis> {
  const { commandTimeout: _unused, ...options } = OPTIONS;
  return connect(new Redis(url, { ...options, enableOfflineQueue: true, maxRetriesPerRequest: null }), url);
}

/**
 * Lets whatever is sent in this turn of the event loop leave in one write: a
 * system call for every command costs more than the command.
 */
export function joinWrites({ stream }: Redis): void {
  // Before the first connection there is none.
  if (stream === undefined || stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

async function connect(client: Redis, url: string): Promise<Redis> {
  let last: unknown = null;
  // Without a listener a broken connection would end the process; every call reports it anyway.
  client.on("error", (error) => {
    last = error;
  });
  try {
    await client.connect();
    return client;
  } catch (cause) {
    client.disconnect();
    // What the server answered is told by the event; the call says no more than that the connection closed.
    throw toConnectError(withoutSecret(url), last ?? cause);
  }
}
