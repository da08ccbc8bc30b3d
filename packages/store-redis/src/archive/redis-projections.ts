import type { Projections } from "@holdfast/runtime";
import { FIELD } from "../layout/fields.ts";
import { encodeId } from "../layout/keys.ts";
import { asReply, number, tagOf } from "../ledger/replies.ts";
import type { ArchiveOptions } from "./archive-options.ts";

/** Where consumers stand, in fields of the session. */
export function createRedisProjections({ scripts, keys }: Pick<ArchiveOptions, "scripts" | "keys">): Projections {
  return {
    find: async (ref, consumer) => {
      const { session } = keys.session(ref);
      return Number((await scripts.read((client) => client.hget(session, FIELD.consumer(encodeId(consumer))))) ?? 0);
    },
    move: async ({ ref, consumer, from, to }) => {
      const values = { consumer: encodeId(consumer), from, to };
      const reply = asReply(await scripts.run("move-projection", keys.session(ref).list, values));
      return { kind: tagOf(reply) === "moved" ? "moved" : "conflict", cursor: number(reply, 1) };
    },
  };
}
