import { describe, expect, it } from "vitest";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every store of consumers' cursors promises. */
export function describeProjections(openStore: StoreFactory): void {
  describe("projections", () => {
    it(
      "move a consumer from where it stands, and from nowhere else [D66]",
      withSession(openStore, async (session) => {
        expect(await find(session, "search index")).toBe(0);

        expect(await move(session, 0, 2)).toEqual({ kind: "moved", cursor: 2 });
        expect(await move(session, 0, 3)).toEqual({ kind: "conflict", cursor: 2 });
        expect(await move(session, 2, 3)).toEqual({ kind: "moved", cursor: 3 });

        expect(await find(session, "search index")).toBe(3);
      }),
    );

    it(
      "keep consumers apart, whatever they are called",
      withSession(openStore, async (session) => {
        for (const consumer of ["a", "a b", "ä|:*", "constructor"]) await move(session, 0, 1, consumer);

        await move(session, 1, 9, "a");

        const cursors = ["a", "a b", "ä|:*", "constructor", "another"].map((consumer) => find(session, consumer));
        expect(await Promise.all(cursors)).toEqual([9, 1, 1, 1, 0]);
      }),
    );

    it(
      "keep the place of a consumer when the session is destroyed and its rows are gone",
      withSession(openStore, async (session) => {
        await session.accept();
        await move(session, 0, 2);

        await session.apply("destroy");
        await session.settleChores();

        expect(await find(session, "search index")).toBe(2);
        expect(await move(session, 2, 3)).toEqual({ kind: "moved", cursor: 3 });
      }),
    );
  });
}

function find({ store, ref }: SessionUnderTest, consumer: string): Promise<number> {
  return store.projections.find(ref, consumer);
}

function move({ store, ref }: SessionUnderTest, from: number, to: number, consumer = "search index") {
  return store.projections.move({ ref, consumer, from, to });
}
