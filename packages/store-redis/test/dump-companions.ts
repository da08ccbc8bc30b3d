/** What is kept beside a session on Redis, in the terms of a `CompanionImage`. */
import type { SessionRef } from "@holdfast/contracts";
import type { CompanionImage } from "@holdfast/store-memory";
import type { Redis } from "ioredis";
import { expect } from "vitest";
import type { Keyspace } from "../src/index.ts";
import { decodeId } from "../src/layout/keys.ts";
import { DELIVERY, decodeRow, INBOX } from "../src/layout/rows.ts";

/** The delivery inbox of a session, and where consumers of its events stand. */
export async function dumpCompanions(client: Redis, keys: Keyspace, ref: SessionRef): Promise<CompanionImage> {
  const { session, due } = keys.session(ref);
  const { inbox, member } = keys.inbox(ref);
  const blobs = keys.blobs(ref);
  const [own, rows, at, stamps, contents, collectAt] = await Promise.all([
    client.hgetall(session),
    client.hgetallBuffer(inbox),
    client.zscore(due, member),
    client.zrange(blobs.stamps, "0", "-1", "WITHSCORES"),
    client.hkeys(blobs.blobs),
    client.zscore(due, blobs.member),
  ]);
  const stamped = stamps.flatMap((name, index) =>
    index % 2 === 0 ? [[name, Number(stamps[index + 1])] as const] : [],
  );
  // A content without a stamp would never be found again.
  expect(contents.sort()).toEqual(stamped.map(([name]) => name).sort());
  const consumers = Object.entries(own).filter(([name]) => name.startsWith("a."));
  const image = {
    inbox: rows["authority"] === undefined ? null : dumpInbox(rows),
    inboxAt: at === null ? null : at === "inf" ? "never" : Number(at),
    blobs: Object.fromEntries(stamped),
    collectAt: collectAt === null ? null : Number(collectAt),
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
