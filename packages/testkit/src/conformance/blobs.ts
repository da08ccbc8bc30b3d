/** The suite of the `Blobs` port; its promises are D54 and D55. */
import { describe, expect, it } from "vitest";
import { sessionRef } from "../fixtures/ids.ts";
import { type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every store promises about blobs. */
export function describeBlobs(openStore: StoreFactory): void {
  describe("blobs", () => {
    const content = Uint8Array.from([0, 255, 128, 10]);

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
      withSession(openStore, async (session) => {
        const { store, ref } = session;
        const others = [sessionRef("other"), { ...ref, tenantId: "other" as typeof ref.tenantId }];
        await store.blobs.put(ref, "name", content);
        await store.blobs.put(others[0] as typeof ref, "name", Uint8Array.from([1]));

        expect(await store.blobs.find(others[1] as typeof ref, "name")).toBeNull();
        await session.apply("destroy");
        await session.settleChores();

        expect(await store.blobs.find(ref, "name")).toBeNull();
        expect([...((await store.blobs.find(others[0] as typeof ref, "name")) ?? [])]).toEqual([1]);
      }),
    );
  });
}
