/** How much a session takes that has as many inputs waiting as it may (G14). */
import type { InputId } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { completed, event, failed } from "../fixtures/commands.ts";
import { type StoreFactory, withSession } from "./store-under-test.ts";

const FULL = { maxPending: 2 };

/** Proves that what waits in a session is bounded, and that the bound is in nobody's way who drains it. */
export function describeLimits(openStore: StoreFactory): void {
  describe("a session with as many inputs waiting as it may have", () => {
    it(
      "takes one more when one is staged, and not before; nothing is written of what it refuses [G14, L1]",
      withSession(openStore, async (session) => {
        await session.accept(FULL);
        await session.accept({ ...FULL, notBeforeAt: session.now() + 60_000 });
        const before = await session.store.archive.listEvents(session.ref, { after: 0, limit: 100 });

        expect(await session.admit({ ...FULL, key: "key" })).toEqual({ kind: "session_full", pending: 2 });
        const after = await session.store.archive.listEvents(session.ref, { after: 0, limit: 100 });
        expect(after.items).toEqual(before.items);

        await session.stage();
        expect(await session.admit({ ...FULL, key: "key" })).toMatchObject({ kind: "accepted" });
      }),
    );

    it(
      "answers a repeat, and ends no session's bound for a sender without one [G14, L1]",
      withSession(openStore, async (session) => {
        const { inputId } = await session.accept({ ...FULL, key: "key" });
        await session.accept(FULL);

        expect(await session.admit({ ...FULL, key: "key" })).toMatchObject({
          kind: "deduplicated",
          existingId: inputId,
        });
        expect(await session.admit()).toMatchObject({ kind: "accepted" });
      }),
    );

    it(
      "takes what ends another that waits, and only as long as there is one [G14]",
      withSession(openStore, async (session) => {
        const superseding = (scope: string) => ({
          ...FULL,
          queue: "supersede" as const,
          input: event("tick", { scope }),
        });
        const first = await session.accept(superseding("a"));
        await session.accept(FULL);

        const second = await session.accept(superseding("a"));

        expect(second.displaced).toMatchObject([{ inputId: first.inputId }]);
        expect(await session.admit(superseding("b"))).toEqual({ kind: "session_full", pending: 2 });
        expect(await session.admit({ ...FULL, queue: "replace" })).toMatchObject({ kind: "accepted" });
      }),
    );

    it(
      "keeps what comes back to be tried again, and drains [G14, G1]",
      withSession(openStore, async (session) => {
        const { inputId } = await session.accept(FULL);
        await session.accept(FULL);
        const batch = await session.stage();
        await session.accept(FULL);

        await session.commit(batch, failed());

        expect(await session.input(inputId)).toMatchObject({ status: "queued" });
        expect(await session.admit(FULL)).toEqual({ kind: "session_full", pending: 3 });
        const drained: InputId[] = [];
        await session.advanceTime(60_000);
        for (let left = 3; left > 0; left -= 1) {
          const next = await session.stage();
          drained.push(...next.inputs.map((input) => input.inputId));
          await session.commit(next, completed());
        }
        expect(drained).toHaveLength(3);
        expect(await session.admit(FULL)).toMatchObject({ kind: "accepted" });
      }),
    );
  });
}
