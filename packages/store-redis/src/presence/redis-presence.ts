import { type NodeId, SCRIPT_BATCH } from "@holdfast/contracts";
import { HEARTBEAT_MS, type Presence, type UnhostedSession, type WorkerRecord } from "@holdfast/runtime";
import { execPipeline } from "../connection/exec-pipeline.ts";
import type { ScriptRunner } from "../connection/script-runner.ts";
import { millisOf } from "../connection/server-time.ts";
import { decodeRef, type Keyspace } from "../layout/keys.ts";

interface PresenceOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
}

/** Presence on Redis: one hash of workers; what was not refreshed for three heartbeats is left out and removed. */
export function createRedisPresence({ scripts, keys }: PresenceOptions): Presence {
  return {
    async announce(worker) {
      const seenAt = await storeTime(scripts);
      await scripts.read((client) => client.hset(keys.workers, worker.node, JSON.stringify({ ...worker, seenAt })));
    },
    async adopt(executor, limit) {
      let adopted = 0;
      for (const bucket of await bucketsThatWaitFor(executor)) {
        if (adopted >= limit) break;
        const room = Math.min(limit - adopted, SCRIPT_BATCH);
        const bucketKeys = [keys.due(bucket), keys.index(bucket)];
        adopted += Number(await scripts.run("adopt-unhosted", bucketKeys, { executor, limit: room }));
      }
      return adopted;
    },
    listUnhosted: (limit) => listUnhosted({ scripts, keys }, limit),
    async leave(node) {
      await scripts.read((client) => client.hdel(keys.workers, node));
    },
    async list() {
      const [now, stored] = await Promise.all([
        storeTime(scripts),
        scripts.read((client) => client.hgetall(keys.workers)),
      ]);
      const workers = Object.values(stored).map((row) => JSON.parse(row) as WorkerRecord);
      const gone = workers.filter(({ seenAt }) => seenAt < now - 3 * HEARTBEAT_MS).map(({ node }) => node);
      await forget(gone);
      return workers.filter(({ node }) => !gone.includes(node)).sort((one, other) => one.startedAt - other.startedAt);
    },
  };

  /** Most often none: so all are asked at once, and only those that wait are asked to adopt. */
  async function bucketsThatWaitFor(executor: string): Promise<number[]> {
    const prefix = `u ${executor} `;
    const counts = await scripts.read((client) => {
      const pipeline = client.pipeline();
      for (let bucket = 0; bucket < keys.buckets; bucket += 1) {
        pipeline.zlexcount(keys.index(bucket), `[${prefix}`, `[${prefix}\xff`);
      }
      return execPipeline(pipeline);
    });
    return counts.flatMap((count, bucket) => (Number(count) > 0 ? [bucket] : []));
  }

  async function forget(gone: readonly NodeId[]): Promise<void> {
    if (gone.length > 0) await scripts.read((client) => client.hdel(keys.workers, ...gone));
  }
}

async function listUnhosted({ scripts, keys }: PresenceOptions, limit: number): Promise<readonly UnhostedSession[]> {
  const sessions: UnhostedSession[] = [];
  for (let bucket = 0; bucket < keys.buckets && sessions.length < limit; bucket += 1) {
    const entries = await scripts.read((client) =>
      client.zrangebylex(keys.index(bucket), "[u ", "[u \xff", "LIMIT", 0, limit - sessions.length),
    );
    sessions.push(
      ...entries.map((entry) => {
        const [, executor = "", member = ""] = entry.split(" ");
        return { ref: decodeRef(member), executor };
      }),
    );
  }
  return sessions;
}

async function storeTime(scripts: ScriptRunner): Promise<number> {
  return millisOf(await scripts.read((client) => client.time()));
}
