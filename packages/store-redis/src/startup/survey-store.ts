import { type AckLevel, DEFAULT_NAMESPACE } from "@holdfast/contracts";
import type { Redis } from "ioredis";
import { openLedgerConnection } from "../connection/redis-connection.ts";
import { toStoreError } from "../connection/redis-errors.ts";
import { Keyspace } from "../layout/keys.ts";
import { ackLevelOf, readServerFacts, type ServerFacts } from "./check-server.ts";

/** What a look at a server tells about it and about the store on it. */
export interface StoreSurvey {
  readonly server: ServerFacts;
  /** The level at which this server acknowledges. */
  readonly ackLevel: AckLevel;
  /** Whether the server has functions, and with them sheds admissions at its memory limit and lets commits drain. */
  readonly hasMemoryFlags: boolean;
  /** `null` when the namespace holds no store. */
  readonly store: { readonly buckets: number; readonly layout: string; readonly timeline: number } | null;
}

/**
 * Looks at a server without creating anything, also at one that Holdfast
 * refuses to start on.
 *
 * @throws store.unavailable
 */
export async function surveyStore(options: {
  readonly url: string;
  readonly namespace?: string;
}): Promise<StoreSurvey> {
  const client = await openLedgerConnection(options.url);
  const keys = new Keyspace({ namespace: options.namespace ?? DEFAULT_NAMESPACE, buckets: 1 });
  try {
    const server = await readServerFacts(client);
    const hasMemoryFlags = await hasFunctions(client);
    const [buckets, layout, timeline] = await client.hmget(keys.store, "buckets", "layout", "timeline");
    const isThere = typeof buckets === "string";
    return {
      server,
      ackLevel: ackLevelOf(server),
      hasMemoryFlags,
      store: isThere ? { buckets: Number(buckets), layout: layout ?? "", timeline: Number(timeline) } : null,
    };
  } catch (error) {
    throw toStoreError(error);
  } finally {
    client.disconnect();
  }
}

/** Emulations of Redis have none; the scripts run there in another form. */
async function hasFunctions(client: Redis): Promise<boolean> {
  try {
    await client.function("STATS");
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ReplyError") return false;
    throw error;
  }
}
