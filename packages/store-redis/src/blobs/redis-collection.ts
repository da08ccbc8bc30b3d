import { blobNamesIn, type Collection } from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";

/** Fields that one step of a walk looks at, about. */
const STEP = 200;

/** Looks at blobs, on Redis: members of their bucket's index. What mentions a blob is any field of its session. */
export function createRedisCollection({
  scripts,
  keys,
}: {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
}): Collection {
  return {
    plan: async (ref, afterMs) => {
      const { member, list } = keys.blobs(ref);
      await scripts.run("plan-collection", list, { member, afterMs });
    },
    drop: async (ref) => {
      const { due } = keys.session(ref);
      await scripts.read((client) => client.zrem(due, keys.blobs(ref).member));
    },
    mentions: async (ref, cursor) => {
      const { session } = keys.session(ref);
      const [next, fields] = await scripts.read((client) => client.hscanBuffer(session, cursor ?? "0", "COUNT", STEP));
      const names = new Set(fields.flatMap((field) => blobNamesIn(field.toString("latin1"))));
      return { names: [...names], next: next.toString() === "0" ? null : next.toString() };
    },
  };
}
