import { AppError, MAX_APPEND_BYTES, type Retention, type StreamEnd } from "@holdfast/contracts";
import type {
  AppendCommand,
  AppendReply,
  ReadStreamQuery,
  ReadStreamReply,
  StoredPart,
  Streams,
} from "@holdfast/runtime";
import { encodeConstants, type ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";
import { asReply, nodes, number, type Reply, tagOf, text, unexpected } from "../ledger/replies.ts";

interface StreamOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
  readonly retention: Retention;
}

/** Streams on Redis: a row for each that is kept and a field for each of its parts, beside the run they belong to. */
export function createRedisStreams({ scripts, keys, retention }: StreamOptions): Streams {
  const constants = encodeConstants("append-stream", retention);
  return {
    append: async ({ ref, fence, position, chunks }: AppendCommand): Promise<AppendReply> => {
      const values = { ...fence, position, chunks };
      const reply = asReply(await scripts.run("append-stream", keys.session(ref).list, values, constants));
      if (tagOf(reply) !== "appended") return { kind: "fenced" };
      return { kind: "appended", written: number(reply, 1), offset: number(reply, 2), followers: nodes(reply, 3) };
    },
    read: async ({ ref, ...query }: ReadStreamQuery): Promise<ReadStreamReply> => {
      const values = { ...query, maxBytes: MAX_APPEND_BYTES };
      return decodeRead(asReply(await scripts.run("read-stream", keys.session(ref).list, values)));
    },
  };
}

function decodeRead(reply: Reply): ReadStreamReply {
  const kind = tagOf(reply);
  switch (kind) {
    case "read": {
      const status = text(reply, 2);
      return {
        kind,
        parts: reply.slice(4).map((part) => decodePart(String(part))),
        offset: number(reply, 1),
        end: status === "" ? null : (status as StreamEnd),
        isFull: text(reply, 3) === "1",
      };
    }
    case "gone":
      return { kind: "destroyed" };
    case "expired":
    case "unknown":
    case "missing":
      return { kind };
    default:
      return unexpected("read-stream", reply);
  }
}

function decodePart(part: string): StoredPart {
  const content = part.slice(1);
  if (part.startsWith("c")) return { type: "chunk", json: content };
  if (part.startsWith("r")) return { type: "retracted", from: Number(content) };
  throw new AppError("store.corrupt", { message: "a part of a stream is of no known type" });
}
