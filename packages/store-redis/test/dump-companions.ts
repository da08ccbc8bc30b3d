/** What is kept beside a session on Redis, in the terms of a `CompanionImage`. */
import type { SessionRef } from "@holdfast/contracts";
import type { CompanionImage } from "@holdfast/store-memory";
import type { Redis } from "ioredis";
import type { Keyspace } from "../src/index.ts";
import { decodeId } from "../src/layout/keys.ts";
import { DELIVERY, decodeRow, INBOX } from "../src/layout/rows.ts";

/** The delivery inbox of a session, and where consumers of its events stand. */
export async function dumpCompanions(client: Redis, keys: Keyspace, ref: SessionRef): Promise<CompanionImage> {
  const { session, due } = keys.session(ref);
  const { inbox, member } = keys.inbox(ref);
  const [own, rows, at] = await Promise.all([
    client.hgetall(session),
    client.hgetallBuffer(inbox),
    client.zscore(due, member),
  ]);
  const consumers = Object.entries(own).filter(([name]) => name.startsWith("a."));
  const image = {
    inbox: rows["authority"] === undefined ? null : dumpInbox(rows),
    inboxAt: at === null ? null : at === "inf" ? "never" : Number(at),
    consumers: Object.fromEntries(consumers.map(([name, cursor]) => [decodeId(name.slice(2)), Number(cursor)])),
  };
  return image as CompanionImage;
}

function dumpInbox({ authority, ...rows }: Record<string, Buffer>) {
  const { version: _alwaysOne, ...counts } = decodeRow(INBOX, authority as Buffer);
  const named = (prefix: string) => Object.entries(rows).filter(([name]) => name.startsWith(prefix));
  return {
    ...counts,
    deliveries: Object.fromEntries(
      named("i").map(([name, row]) => {
        const { disposition, ...delivery } = decodeRow(DELIVERY, row);
        return [decodeId(name.slice(1)), { ...delivery, disposition: jsonOrNull(disposition) }];
      }),
    ),
    submissions: Object.fromEntries(
      named("s").map(([name, row]) => {
        const text = row.toString("utf8");
        return [name.slice(1), jsonOrNull(text.slice(text.indexOf(" ") + 1))];
      }),
    ),
  };
}

function jsonOrNull(text: string): unknown {
  return text === "" ? null : JSON.parse(text);
}
