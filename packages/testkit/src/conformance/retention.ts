/** What a store keeps of what is over, and what it lets go of (G14). */
import { DEFAULT_TIMING, type InputId, type Receipt, type RequestId, ROW_BYTES } from "@holdfast/contracts";
import { GENESIS_DIGEST } from "@holdfast/domain";
import { describe, expect, it } from "vitest";
import { advanceCommand, completed, failed, prompt } from "../fixtures/commands.ts";
import { sessionRef } from "../fixtures/ids.ts";
import type { SessionDriver } from "../fixtures/session-driver.ts";
import { type StoreFactory, withSession } from "./store-under-test.ts";

const KEPT = 200;
const BATCH = 100;
const MINUTE = 60_000;
const RETENTION = { retention: { keepInputs: KEPT, keepEvents: KEPT } };

/** Proves that what a session takes is bounded by what it is told to keep. */
export function describeRetention(openStore: StoreFactory): void {
  describe("retention", () => {
    it(
      "keeps the latest of what is over, whatever came before it, and has blobs looked at [G14, D57]",
      withSession(
        openStore,
        async (session) => {
          const first = await runOne(session, "first");
          for (let count = 0; count < 3 * KEPT; count += 1) await runOne(session);
          const last = await runOne(session, "last");
          await session.settleChores();

          const { archive, ledger } = session.store;
          const inputs = await session.inputs();
          const receipts = (await archive.listReceipts(session.ref, { after: 0, limit: 500 })).items;
          const events = (await archive.listEvents(session.ref, { after: 0, limit: 500 })).items;
          for (const kept of [inputs, events]) {
            expect(kept.length).toBeGreaterThanOrEqual(KEPT);
            expect(kept.length).toBeLessThan(KEPT + 2 * BATCH);
          }
          expect(receipts).toHaveLength(inputs.length);
          expect(inputs.at(-1)).toMatchObject({ inputId: last, outcome: { kind: "completed", output: "done" } });
          expect(inputs[0]).toMatchObject({ outcome: { kind: "completed", output: "done" } });
          expect(await archive.findInput(session.ref, first)).toBeNull();
          expect(await ledger.watch({ ref: session.ref, inputId: first, node: null })).toMatchObject({
            kind: "missing",
          });
          expect(await session.admit({ key: "first", input: prompt("anew") })).toMatchObject({ kind: "accepted" });
          expect(await session.admit({ key: "last" })).toMatchObject({ kind: "deduplicated", existingId: last });
          await session.advanceTime(DEFAULT_TIMING.collectAfterMs);
          expect(await session.store.ledger.sweep(10)).toContainEqual({ ...session.ref, part: "blobs" });
        },
        RETENTION,
      ),
    );

    it(
      "answers a settlement that is repeated after its inputs went, without them [G14, L5]",
      withSession(openStore, async (session) => {
        const { ref, store, worker } = session;
        const { inputId } = await session.accept();
        const batch = await session.stage();
        const command = advanceCommand(ref, batch, { node: worker.node, settlement: completed(), next: null });
        await store.ledger.advance(command);
        await session.advanceTime(MINUTE);
        await store.collection.trim(ref, { keepInputs: KEPT, keepEvents: KEPT, keepMs: MINUTE });
        await session.settleChores();
        expect(await store.archive.findInput(ref, inputId)).toBeNull();

        expect(await store.ledger.advance(command)).toMatchObject({ kind: "committed", isRepeat: true, settled: [] });
        expect((await store.archive.explainFacts(ref))?.isTorn).toBe(false);
        expect(await session.admit()).toMatchObject({ kind: "accepted" });
      }),
    );

    it(
      "chains the first receipt that is kept to the one that went [G14, I2]",
      withSession(
        openStore,
        async (session) => {
          for (let count = 0; count < 2 * KEPT; count += 1) await runOne(session);
          await session.settleChores();

          const { items } = await session.store.archive.listReceipts(session.ref, { after: 0, limit: 500 });

          expect(items[0]?.position).toBeGreaterThan(1);
          const before = items[0] as Receipt;
          const [, ...others] = items;
          expect(before.previousDigest).toMatch(/^[\w-]{43}$/);
          expect(before.previousDigest).not.toBe(GENESIS_DIGEST);
          const digests = new Map(items.map(({ position, digest }) => [position, digest]));
          for (const { position, previousDigest } of others) expect(previousDigest).toBe(digests.get(position - 1));
        },
        RETENTION,
      ),
    );

    it(
      "lets go of what is over by its age, keeps what lives, and says when there is more [D59, G14]",
      withSession(openStore, async (session) => {
        const { store, ref } = session;
        const kept = { keepInputs: 1_000, keepEvents: 1_000, keepMs: MINUTE };
        expect(await store.collection.trim(sessionRef("unknown"), kept)).toEqual({ isTrimming: false, nextMs: null });
        const { inputId: later } = await session.accept({ notBeforeAt: session.now() + 100 * MINUTE });
        const first = await runOne(session, "first");
        await session.advanceTime(MINUTE / 2);
        const second = await runOne(session, "second");
        expect(await store.collection.trim(ref, kept)).toEqual({ isTrimming: false, nextMs: MINUTE / 2 });
        await session.advanceTime(MINUTE / 2);

        expect(await store.collection.trim(ref, kept)).toEqual({ isTrimming: true, nextMs: MINUTE / 2 });
        expect((await store.ledger.sweep(10)).filter(({ part }) => part === undefined)).toEqual([ref]);
        await session.settleChores();

        const idsLeft = async () => (await session.inputs()).map(({ inputId }) => inputId);
        expect(await idsLeft()).toEqual([later, second]);
        expect(await store.archive.findInput(ref, first)).toBeNull();
        const [oldest] = (await store.archive.listEvents(ref, { after: 0, limit: 1 })).items;
        expect(oldest?.at).toBeGreaterThan(session.now() - MINUTE);
        expect((await store.archive.listReceipts(ref, { after: 0, limit: 10 })).items).toHaveLength(1);

        await session.advanceTime(MINUTE / 2);
        await store.collection.trim(ref, kept);
        await session.settleChores();
        expect(await idsLeft()).toEqual([later]);
        // What lives is looked at again.
        expect(await store.collection.trim(ref, kept)).toMatchObject({ nextMs: MINUTE });
        await session.settleChores();
        expect(await session.admit({ key: "first", input: prompt("anew") })).toMatchObject({ kind: "accepted" });
      }),
    );

    it(
      "tells what inputs and events take, a batch at once, from the latest down to what is gone [D60, G14]",
      withSession(
        openStore,
        async (session) => {
          const { store, ref } = session;
          expect(await store.collection.weigh(sessionRef("unknown"), "events", null)).toEqual({
            bytes: [],
            before: null,
          });
          for (let count = 0; count < 3 * BATCH; count += 1) await runOne(session);
          await session.settleChores();
          const big = await session.accept({ input: prompt("é".repeat(1_000)) });
          await session.commit(await session.stage(), completed({ output: "o".repeat(500) }));
          await session.accept({ input: prompt("é".repeat(1_000)) });
          const payload = JSON.stringify("|%".repeat(100));
          const requestId = "r" as RequestId;
          await store.control.publish({ ref, requestId, name: "a", payload, digest: "d" });

          const inputs = await store.collection.weigh(ref, "inputs", null);
          const events = await store.collection.weigh(ref, "events", null);

          expect(events.bytes.slice(0, 2)).toEqual([ROW_BYTES + payload.length, ROW_BYTES]);
          const [waiting = 0, ended = 0, before = 0] = inputs.bytes;
          expect(waiting).toBeGreaterThanOrEqual(ROW_BYTES + 2_000);
          expect(ended - waiting).toBe(JSON.stringify("o".repeat(500)).length);
          expect(waiting - before).toBe(2_000 - "hello".length - JSON.stringify("done").length);
          expect(inputs).toMatchObject({ bytes: { length: BATCH }, before: big.admission + 2 - BATCH });
          const more: number[] = [];
          for (let step = inputs; step.before !== null; ) {
            step = await store.collection.weigh(ref, "inputs", step.before);
            more.push(...step.bytes);
          }
          expect(more).toHaveLength((await session.inputs()).length - BATCH);
        },
        RETENTION,
      ),
    );

    it(
      "keeps what lives and what somebody must decide about, and trims it once that is over [G14, G1]",
      withSession(
        openStore,
        async (session) => {
          const { inputId: later } = await session.accept({ notBeforeAt: session.now() + 86_400_000 });
          const { inputId: dead } = await session.accept();
          await session.commit(await session.stage(), failed({ isRetryable: false }));
          for (let count = 0; count < 2 * KEPT; count += 1) await runOne(session);
          await session.settleChores();
          const found = (await session.store.archive.listInputs(session.ref, { after: 0, limit: 2 })).items;
          expect(found.map(({ inputId }) => inputId)).toEqual([later, dead]);

          await session.store.deadLetters.discard(session.ref, dead);
          for (let count = 0; count < KEPT; count += 1) await runOne(session);
          await session.settleChores();

          expect(await session.store.archive.findInput(session.ref, dead)).toBeNull();
          expect(await session.input(later)).toMatchObject({ status: "queued" });
        },
        RETENTION,
      ),
    );
  });
}

/** Sends an input and runs it; chores that stand before it are done first. */
async function runOne(session: SessionDriver, key?: string): Promise<InputId> {
  const { inputId } = await session.accept(key === undefined ? {} : { key });
  for (;;) {
    const reply = await session.claim();
    if (reply.kind === "staged") {
      await session.commit(reply.batch, completed({ output: "done" }));
      return inputId;
    }
    if (reply.kind !== "chores") throw new Error(`a claim was answered with ${reply.kind}`);
    await session.settleChores();
  }
}
