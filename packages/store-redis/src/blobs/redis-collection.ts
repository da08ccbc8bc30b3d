import { ROW_BYTES } from "@holdfast/contracts";
import { blobNamesIn, type Collection } from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";
import { asReply, number, tagOf } from "../ledger/replies.ts";

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
    replan: async (ref, afterMs) => {
      const { member, list } = keys.blobs(ref);
      await scripts.run("replan-collection", list, { member, afterMs: afterMs ?? -1 });
    },
    trim: async (ref, { keepInputs, keepEvents, keepMs }) => {
      const { member, list } = keys.session(ref);
      const reply = asReply(await scripts.run("trim-session", list, { member, keepInputs, keepEvents, keepMs }));
      if (tagOf(reply) === "missing") return { isTrimming: false, nextMs: null };
      const nextMs = number(reply, 1);
      return { isTrimming: tagOf(reply) === "trimming", nextMs: nextMs < 0 ? null : nextMs };
    },
    weigh: async (ref, of, before) => {
      const { list } = keys.session(ref);
      const args = { isInputs: of === "inputs", before: before ?? 0, rowBytes: ROW_BYTES };
      const reply = asReply(await scripts.run("weigh-session", list, args));
      if (tagOf(reply) === "missing") return { bytes: [], before: null };
      const next = number(reply, 1);
      return { bytes: reply.slice(2).map(Number), before: next === 0 ? null : next };
    },
    mentions: async (ref, cursor) => {
      const { session } = keys.session(ref);
      const [next, fields] = await scripts.read((client) => client.hscanBuffer(session, cursor ?? "0", "COUNT", STEP));
      const names = new Set(fields.flatMap((field) => blobNamesIn(field.toString("latin1"))));
      return { names: [...names], next: next.toString() === "0" ? null : next.toString() };
    },
  };
}
