import { SCRIPT_BATCH, type SessionRef } from "@holdfast/contracts";
import type { Blobs } from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";
import { asReply, number, text } from "../ledger/replies.ts";

interface BlobsOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
}

/** A blob, and how long ago it was put. */
interface AgedBlob {
  readonly name: string;
  readonly ageMs: number;
}

/** Blobs on Redis: one hash per session with their contents, and one sorted set with when each was put. */
export function createRedisBlobs(options: BlobsOptions): Blobs {
  const { scripts, keys } = options;
  return {
    put: async (ref, name, content) => {
      const { blobs, list } = keys.blobs(ref);
      await scripts.run("stamp-blob", list, { name });
      await scripts.read((client) => client.hset(blobs, name, Buffer.from(content)));
    },
    find: (ref, name) => scripts.read((client) => client.hgetBuffer(keys.blobs(ref).blobs, name)),
    count: async (ref, ageMs) => {
      const count = { old: 0, young: 0 };
      for await (const blob of listBlobs(options, ref)) {
        if (blob.ageMs >= ageMs) count.old += 1;
        else count.young += 1;
      }
      return count;
    },
    retain: (ref, names, ageMs) => retain(options, ref, { names, ageMs }),
    clear: async (ref) => {
      const { blobs, stamps } = keys.blobs(ref);
      await scripts.read((client) => client.unlink(blobs, stamps));
    },
  };
}

async function* listBlobs({ scripts, keys }: BlobsOptions, ref: SessionRef): AsyncGenerator<AgedBlob> {
  let cursor = "0";
  do {
    const reply = asReply(await scripts.run("list-blobs", keys.blobs(ref).list, { cursor }));
    for (let at = 2; at < reply.length; at += 2) yield { name: text(reply, at), ageMs: number(reply, at + 1) };
    cursor = text(reply, 1);
  } while (cursor !== "0");
}

async function retain(
  { scripts, keys }: BlobsOptions,
  ref: SessionRef,
  kept: { readonly names: ReadonlySet<string>; readonly ageMs: number },
): Promise<void> {
  const left: string[] = [];
  for await (const { name, ageMs } of listBlobs({ scripts, keys }, ref)) {
    if (ageMs >= kept.ageMs && !kept.names.has(name)) left.push(name);
  }
  while (left.length > 0) {
    const names = left.splice(0, SCRIPT_BATCH);
    await scripts.run("remove-blobs", keys.blobs(ref).list, { ageMs: kept.ageMs, names });
  }
}
