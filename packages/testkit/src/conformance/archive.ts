/** The suite of the `Archive` port. */
import type { InputId, RunId } from "@holdfast/contracts";
import type { Page, PageQuery } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { completed, event, failed, operation, progress, RELEASED, worker } from "../fixtures/commands.ts";
import { sessionRef } from "../fixtures/ids.ts";
import { idsOf } from "../fixtures/session-driver.ts";
import { type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every archive promises. */
export function describeArchive(openStore: StoreFactory): void {
  describe("archive", () => {
    it(
      "pages through inputs, receipts and events without gaps or repeats",
      withSession(openStore, async (session) => {
        const ids: InputId[] = [];
        for (let n = 0; n < 7; n += 1) ids.push((await session.accept()).inputId);
        let batch = await session.stage();
        for (let n = 0; n < 4; n += 1) batch = await session.stageNext(batch);
        const { archive, directory } = session.store;
        const record = await directory.find(session.ref);

        const inputs = await readAll((query) => archive.listInputs(session.ref, query));
        const receipts = await readAll((query) => archive.listReceipts(session.ref, query));
        const events = await readAll((query) => archive.listEvents(session.ref, query));

        expect(inputs.map(({ inputId }) => inputId)).toEqual(ids);
        expect(receipts.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
        expect(events.map(({ cursor }) => cursor)).toEqual(
          Array.from({ length: record?.cursor ?? 0 }, (_, n) => n + 1),
        );
      }),
    );

    it(
      "tells a session's life as events, in the order in which it happened",
      withSession(openStore, async (session) => {
        const a = await session.accept({ input: progress("build") });
        const b = await session.accept({ input: progress("build") });
        const c = await session.accept({ input: operation("build") });
        await session.apply("retire");

        const { items } = await session.store.archive.listEvents(session.ref, { after: 0, limit: 100 });

        expect(items.map((item) => item.event)).toEqual([
          { type: "session.registered", executor: "agent" },
          { type: "input.admitted", inputId: a.inputId, admission: 1 },
          { type: "input.admitted", inputId: b.inputId, admission: 2 },
          { type: "input.coalesced", inputId: a.inputId, into: b.inputId },
          { type: "input.admitted", inputId: c.inputId, admission: 3, isConsumed: true },
          { type: "session.phase_changed", verb: "retire", from: "idle", to: "retired" },
        ]);
        expect(items.every(({ at }) => at === session.now())).toBe(true);
      }),
    );

    it(
      "tells how runs went as events",
      withSession(openStore, async (session) => {
        const { inputId } = await session.accept();
        const batch = await session.stage();
        const { runId } = batch.fence;
        await session.commit(batch, RELEASED);
        await session.commit(await session.stage(), failed());
        await session.stage();
        await session.advanceTime(10_000);
        const last = await session.stage({ as: worker("second") });
        await session.commit(last, completed());

        const { items } = await session.store.archive.listEvents(session.ref, { after: 2, limit: 100 });

        const started = (attempt: number) => ({ type: "run.started", runId, attempt, inputIds: [inputId] });
        expect(items.map((item) => item.event)).toEqual([
          started(1),
          { type: "run.released", runId, requeued: [inputId] },
          started(2),
          { type: "run.failed", runId, code: "model.refused", requeued: [inputId] },
          started(3),
          { type: "run.lost", runId, requeued: [inputId] },
          started(4),
          { type: "run.completed", runId, position: 1, inputIds: [inputId] },
        ]);
      }),
    );

    it.each(["a|b", "|", "||1||0|", "100%", "%7C|%25", "a,b:c;d\n e", ""])(
      "keeps a failure's code, whatever is in it: %j [G1]",
      (code) => {
        return withSession(openStore, async (session) => {
          const failure = { code, message: "no | matter" };
          const { inputId } = await session.accept();
          await session.accept();
          const again = await session.stageNext(await session.stage(), failed({ failure, retryDelayMs: 5 }));
          await session.commit(again, failed({ failure, isRetryable: false }));
          const { archive } = session.store;

          const dead = await archive.listDeadLetters(session.ref, { after: 0, limit: 10 });
          expect(dead.items).toMatchObject([{ outcome: { kind: "abandoned", failure } }]);
          expect(dead.items[0]?.inputId).toBe(inputId);
          const { items } = await archive.listEvents(session.ref, { after: 0, limit: 100 });
          const codes = items.flatMap(({ event }) => (event.type === "run.failed" ? [event.code] : []));
          expect(codes).toEqual([code, code]);
        })();
      },
    );

    it(
      "finds a receipt by its boundary, and nothing by another",
      withSession(openStore, async (session) => {
        await session.accept({ input: event("a") });
        const batch = await session.stage();
        await session.commit(batch);
        const { runId } = batch.fence;
        const { archive } = session.store;

        expect(await archive.findReceipt(session.ref, { runId, sequence: 1 })).toMatchObject({
          contributors: idsOf(batch),
        });
        expect(await archive.findReceipt(session.ref, { runId, sequence: 2 })).toBeNull();
        expect(await archive.findReceipt(session.ref, { runId: "run_unknown_0" as RunId, sequence: 1 })).toBeNull();
      }),
    );

    it(
      "pages through dead letters, oldest first",
      withSession(openStore, async (session) => {
        const ids: InputId[] = [];
        for (let n = 0; n < 5; n += 1) ids.push((await session.accept()).inputId);
        let batch = await session.stage();
        for (let n = 0; n < 4; n += 1) batch = await session.stageNext(batch, failed({ isRetryable: false }));

        const letters = await readAll((query) => session.store.archive.listDeadLetters(session.ref, query));

        expect(letters.map(({ inputId }) => inputId)).toEqual(ids.slice(0, 4));
        expect(letters[0]?.failure).toEqual({ code: "model.refused", message: "no" });
      }),
    );

    it(
      "says what a session waits for",
      withSession(openStore, async (session) => {
        const first = await session.accept({ notBeforeAt: session.now() + 9_000 });
        await session.accept({ isWithoutWake: true });
        const { archive } = session.store;

        expect(await archive.explainFacts(session.ref)).toMatchObject({
          run: null,
          waking: 0,
          dueAt: session.now() + 9_000,
          isUnhosted: false,
          fruitlessSweeps: 0,
          nextTimed: { id: first.inputId, at: session.now() + 9_000, failures: 0 },
        });
      }),
    );

    it(
      "names the failed input that blocks its lane",
      withSession(openStore, async (session) => {
        const { inputId } = await session.accept();
        const second = await session.stageNext(await session.stage(), failed());
        await session.commit(second, failed({ retryDelayMs: 4_000 }));

        const facts = await session.store.archive.explainFacts(session.ref);

        expect(facts?.nextTimed).toEqual({ id: inputId, at: session.now() + 4_000, failures: 2 });
      }),
    );

    it(
      "knows nothing of an unknown session",
      withSession(openStore, async (session) => {
        const { archive } = session.store;
        const ref = sessionRef("nowhere");
        const query = { after: 0, limit: 10 };

        expect(await archive.findInput(ref, session.ids.input())).toBeNull();
        expect(await archive.findState(ref)).toBeNull();
        expect(await archive.explainFacts(ref)).toBeNull();
        const nothing = { items: [], next: null };
        expect(await archive.listInputs(ref, query)).toEqual(nothing);
        expect(await archive.listReceipts(ref, query)).toEqual(nothing);
        expect(await archive.listEvents(ref, query)).toEqual(nothing);
        expect(await archive.listDeadLetters(ref, query)).toEqual(nothing);
        expect(await archive.findInput(session.ref, session.ids.input())).toBeNull();
        expect(await archive.findState(session.ref)).toEqual({ state: null, position: 0 });
      }),
    );
  });
}

async function readAll<T>(read: (query: PageQuery) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let after: number | null = 0;
  while (after !== null) {
    const page: Page<T> = await read({ after, limit: 3 });
    expect(page.items.length).toBeLessThanOrEqual(3);
    items.push(...page.items);
    after = page.next;
  }
  return items;
}
