/** The suite of the `Journal` port; its promises are J1 to J3. */
import type { Fence } from "@holdfast/contracts";
import type { StagedBatch } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { completed, event, failed, RELEASED, worker } from "../fixtures/commands.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every journal promises. */
export function describeJournal(openStore: StoreFactory): void {
  describe("journal", () => {
    it(
      "settles steps in order and loads them in order",
      withSession(openStore, async (session) => {
        const { fence } = await stage(session);
        const value = '{"text":"a b\\nc | d"}';

        expect(await settle(session, fence, { index: 1, key: "fetch:1", value })).toEqual({ kind: "settled", value });
        await settle(session, fence, { index: 2, key: "fetch:2", value: "2" });

        expect(await load(session, fence, 2)).toEqual([
          { key: "fetch:1", value },
          { key: "fetch:2", value: "2" },
        ]);
        expect(await load(session, fence, 1)).toHaveLength(1);
      }),
    );

    it(
      "writes only under the current fence: not for another token, claim or run [J1]",
      withSession(openStore, async (session) => {
        const { fence } = await stage(session);
        const others: readonly Partial<Fence>[] = [
          { token: fence.token + 1 },
          { claimId: "clm_of_another" as Fence["claimId"] },
          { runId: "run_of_another" as Fence["runId"] },
        ];

        for (const other of others) {
          expect(await settle(session, { ...fence, ...other }, { index: 1 })).toEqual({ kind: "fenced" });
        }

        expect(await load(session, fence, 1)).toEqual([]);
      }),
    );

    it(
      "is closed to a worker that lost the session, to an ended run, and at rest [J1]",
      withSession(openStore, async (session) => {
        const lost = await stage(session);
        await session.advanceTime(10_000);
        const current = await session.stage({ as: worker("second") });
        expect(await settle(session, lost.fence, { index: 1 })).toEqual({ kind: "fenced" });
        expect(await settle(session, current.fence, { index: 1 })).toMatchObject({ kind: "settled" });

        await session.commit(current, completed());

        expect(await settle(session, current.fence, { index: 2 })).toEqual({ kind: "fenced" });
      }),
    );

    it(
      "answers a settled step with its first result [J2]",
      withSession(openStore, async (session) => {
        const { fence } = await stage(session);
        await settle(session, fence, { index: 1, key: "pay", value: "1" });
        await settle(session, fence, { index: 2, key: "ship", value: "2" });

        expect(await settle(session, fence, { index: 1, key: "pay", value: "other" })).toEqual({
          kind: "settled",
          value: "1",
        });
        expect(await settle(session, fence, { index: 1, key: "ship", value: "2" })).toEqual({ kind: "fenced" });
        expect(await settle(session, fence, { index: 4, key: "gap", value: "4" })).toEqual({ kind: "fenced" });
        expect(await load(session, fence, 4)).toHaveLength(2);
      }),
    );

    it(
      "hands the steps of an earlier attempt to the next one, however that attempt ended [J3]",
      withSession(openStore, async (session) => {
        const first = await stage(session);
        await settle(session, first.fence, { index: 1 });
        const second = await session.stageNext(first, failed());
        await settle(session, second.fence, { index: 2 });
        await session.advanceTime(10_000);
        const third = await session.stage({ as: worker("second") });
        await session.commit(third, RELEASED);
        const fourth = await session.stage();

        expect([first, second, third, fourth].map(({ journalEntries }) => journalEntries)).toEqual([0, 1, 2, 2]);
        expect(await load(session, fourth.fence, fourth.journalEntries)).toHaveLength(2);
        expect(await settle(session, fourth.fence, { index: 3 })).toMatchObject({ kind: "settled" });
      }),
    );

    it(
      "says of a repeated claim how many steps are settled by then [J3]",
      withSession(openStore, async (session) => {
        await session.accept();
        const claimId = session.ids.claim();
        const { fence } = await session.stage({ claimId });
        await settle(session, fence, { index: 1 });

        expect((await session.stage({ claimId })).journalEntries).toBe(1);
      }),
    );

    it(
      "ends with its run: committed, spent or split [J3]",
      withSession(openStore, async (session) => {
        await session.accept({ input: event("a") });
        await session.accept({ input: event("b") });
        const batch = await session.stage();
        await settle(session, batch.fence, { index: 1 });

        await session.commit(batch, failed());
        await session.settleChores();

        expect(await load(session, batch.fence, 1)).toEqual([]);
        const alone = await session.stage();
        expect(alone.journalEntries).toBe(0);
        await settle(session, alone.fence, { index: 1 });
        await session.commit(alone, completed());
        await session.settleChores();
        expect(await load(session, alone.fence, 1)).toEqual([]);
      }),
    );
  });
}

async function stage(session: SessionUnderTest): Promise<StagedBatch> {
  await session.accept();
  return session.stage();
}

function settle(session: SessionUnderTest, fence: Fence, step: { index: number; key?: string; value?: string }) {
  return session.store.journal.settle({ ref: session.ref, fence, key: `step${step.index}`, value: "null", ...step });
}

function load(session: SessionUnderTest, { runId }: Fence, entries: number) {
  return session.store.journal.load({ ref: session.ref, runId, entries });
}
