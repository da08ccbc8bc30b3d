/** The keys of a store as text, so that a fixture is readable by any server and in any namespace. */
import { Buffer } from "node:buffer";
import type { Redis } from "ioredis";

/** A key's content; what may be binary is base64. */
export type KeyContent =
  | { readonly type: "hash"; readonly fields: Readonly<Record<string, string>> }
  | { readonly type: "zset"; readonly members: readonly (readonly [member: string, score: string])[] }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "list" | "set"; readonly items: readonly string[] };

/** Keys by their name, in which `<ns>` stands for the namespace. */
export type StoreContent = Readonly<Record<string, KeyContent>>;

const PLACE = "<ns>";

/** Which of a store's keys are not part of a history: whoever opens a store makes its own. */
const LEFT_OUT = [`{${PLACE}}:store`, `{${PLACE}}:workers`];

const encoded = (value: Buffer): string => value.toString("base64");
const decoded = (value: string): Buffer => Buffer.from(value, "base64");

/** Reads everything in a namespace. */
export async function readContent(client: Redis, namespace: string): Promise<StoreContent> {
  const content: Record<string, KeyContent> = {};
  for (const key of (await client.keys(`{${namespace}*`)).toSorted()) {
    const name = key.replace(namespace, PLACE);
    if (!LEFT_OUT.includes(name)) content[name] = await readKey(client, key);
  }
  return content;
}

async function readKey(client: Redis, key: string): Promise<KeyContent> {
  const type = await client.type(key);
  switch (type) {
    case "hash": {
      const fields = Object.entries(await client.hgetallBuffer(key)).toSorted(([one], [other]) =>
        one < other ? -1 : 1,
      );
      return { type, fields: Object.fromEntries(fields.map(([field, value]) => [field, encoded(value)])) };
    }
    case "zset": {
      const flat = await client.zrange(key, "0", "-1", "WITHSCORES");
      const members = flat.flatMap((member, index) =>
        index % 2 === 0 ? [[member, flat[index + 1] ?? ""] as const] : [],
      );
      return { type, members };
    }
    case "string":
      return { type, value: encoded((await client.getBuffer(key)) ?? Buffer.alloc(0)) };
    case "list":
      return { type, items: (await client.lrangeBuffer(key, 0, -1)).map(encoded) };
    case "set":
      return { type, items: (await client.smembersBuffer(key)).map(encoded) };
    default:
      throw new TypeError(`a history cannot hold ${key}, which is a ${type}`);
  }
}

/** Puts a content into a namespace, in place of what its keys held. */
export async function writeContent(client: Redis, namespace: string, content: StoreContent): Promise<void> {
  const transaction = client.multi();
  for (const [name, value] of Object.entries(content)) {
    const key = name.replace(PLACE, namespace);
    transaction.unlink(key);
    switch (value.type) {
      case "hash":
        for (const [field, raw] of Object.entries(value.fields)) transaction.hset(key, field, decoded(raw));
        break;
      case "zset":
        for (const [member, score] of value.members) transaction.zadd(key, score, member);
        break;
      case "string":
        transaction.set(key, decoded(value.value));
        break;
      case "list":
        transaction.rpush(key, ...value.items.map(decoded));
        break;
      case "set":
        transaction.sadd(key, ...value.items.map(decoded));
        break;
    }
  }
  for (const [error] of (await transaction.exec()) ?? []) if (error !== null) throw error;
}
