import type { Blobs } from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";

/** Blobs on Redis: one hash per session, beside the session's own; a destroyed session's chores remove it. */
export function createRedisBlobs({
  scripts,
  keys,
}: {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
}): Blobs {
  return {
    put: async (ref, name, content) => {
      await scripts.read((client) => client.hset(keys.session(ref).blobs, name, Buffer.from(content)));
    },
    find: (ref, name) => scripts.read((client) => client.hgetBuffer(keys.session(ref).blobs, name)),
    clear: async (ref) => {
      await scripts.read((client) => client.unlink(keys.session(ref).blobs));
    },
  };
}
