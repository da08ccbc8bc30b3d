/** The suite of the `Blobs` and `Collection` ports; their promises are D54 to D58. */
import type { SessionRef } from "@holdfast/contracts";
import type { Collection } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { completed, prompt } from "../fixtures/commands.ts";
import { sessionRef } from "../fixtures/ids.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

const content = Uint8Array.from([0, 255, 128, 10]);
const HOUR = 3_600_000;
const nameOf = (letter: string) => `sha256-${letter.repeat(43)}`;
const NOTHING: ReadonlySet<string> = new Set();

/** Proves what every store promises about blobs. */
export function describeBlobs(openStore: StoreFactory): void {
  describe("blobs", () => {
    it(
      "are read as they were put, once however often they are put [D54]",
      withSession(openStore, async ({ store, ref }) => {
        await store.blobs.put(ref, "name", content);
        await store.blobs.put(ref, "name", content);

        expect([...((await store.blobs.find(ref, "name")) ?? [])]).toEqual([...content]);
        expect(await store.blobs.find(ref, "other")).toBeNull();
      }),
    );

    it(
      "are nobody's but their session's, and go with it [D55]",
      withSession(openStore, async ({ store, ref }) => {
        const others = [sessionRef("other"), { ...ref, tenantId: "other" as typeof ref.tenantId }];
        await store.blobs.put(ref, "name", content);
        await store.blobs.put(others[0] as typeof ref, "name", Uint8Array.from([1]));

        expect(await store.blobs.find(others[1] as typeof ref, "name")).toBeNull();
        await store.blobs.clear(ref);

        expect(await store.blobs.find(ref, "name")).toBeNull();
        expect([...((await store.blobs.find(others[0] as typeof ref, "name")) ?? [])]).toEqual([1]);
      }),
    );

    it(
      "are removed when they are old and not named, and are young again once they are put again [D56]",
      withSession(openStore, async (session) => {
        const { store, ref } = session;
        for (const name of ["named", "unnamed", "again"]) await store.blobs.put(ref, name, content);
        await session.advanceTime(HOUR);
        await store.blobs.put(ref, "again", content);
        await store.blobs.put(ref, "new", content);
        expect(await store.blobs.count(ref, HOUR)).toEqual({ old: 2, young: 2 });

        await store.blobs.retain(ref, new Set(["named", "other"]), HOUR);

        const left = await namesLeft(store.blobs, ref, ["named", "unnamed", "again", "new"]);
        expect(left).toEqual(["named", "again", "new"]);
        await store.blobs.retain(ref, NOTHING, 0);
        expect(await store.blobs.count(ref, 0)).toEqual({ old: 0, young: 0 });
      }),
    );

    it(
      "are looked at when that was planned, at the earliest of the times, until another plan [D57]",
      withSession(openStore, async (session) => {
        const { store } = session;
        const unknown = sessionRef("unknown");
        await store.collection.plan(unknown, 2_000);
        await store.collection.plan(unknown, 9_000);
        await session.advanceTime(1_999);
        expect(await store.ledger.sweep(10)).toEqual([]);

        await session.advanceTime(1);
        expect(await store.ledger.sweep(10)).toEqual([{ ...unknown, part: "blobs" }]);
        await session.advanceTime(HOUR);
        expect(await store.ledger.sweep(10)).toEqual([{ ...unknown, part: "blobs" }]);
        await store.collection.replan(unknown, null);

        await session.advanceTime(HOUR);
        expect(await store.ledger.sweep(10)).toEqual([]);
      }),
    );

    it(
      "are looked at when their session is destroyed [D57, D55]",
      withSession(openStore, async (session) => {
        await session.apply("destroy");
        await session.settleChores();

        expect(await session.store.ledger.sweep(10)).toContainEqual({ ...session.ref, part: "blobs" });
      }),
    );

    it(
      "are named by what a session keeps, wherever it keeps it [D58]",
      withSession(openStore, async (session) => {
        await session.accept({ input: prompt(`see ${nameOf("a")}`) });
        const state = { pictures: [nameOf("b"), nameOf("c")] };
        await session.commit(await session.stage(), completed({ state, output: nameOf("d") }));
        for (let count = 0; count < 300; count += 1) await session.accept();

        expect(await walk(session)).toEqual(["a", "b", "c", "d"].map(nameOf));
        expect(await walk({ ...session, ref: sessionRef("unknown") })).toEqual([]);
      }),
    );
  });
}

async function walk({ store, ref }: Pick<SessionUnderTest, "store" | "ref">): Promise<string[]> {
  const names = new Set<string>();
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<Collection["mentions"]>> = await store.collection.mentions(ref, cursor);
    for (const name of page.names) names.add(name);
    cursor = page.next;
    if (cursor === null) return [...names].sort();
  }
}

async function namesLeft(
  blobs: SessionUnderTest["store"]["blobs"],
  ref: SessionRef,
  names: readonly string[],
): Promise<string[]> {
  const found = await Promise.all(names.map(async (name) => ({ name, content: await blobs.find(ref, name) })));
  return found.filter(({ content: kept }) => kept !== null).map(({ name }) => name);
}
