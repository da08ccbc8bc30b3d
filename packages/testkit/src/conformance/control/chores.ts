import type { InputId } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { binding, event, failed, prompt, worker } from "../../fixtures/commands.ts";
import { nodeId } from "../../fixtures/ids.ts";
import { idsOf, outcomesOf } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";

/** Proves that what a verb leaves behind is finished in bounded steps (C4). */
export function describeChores(openStore: StoreFactory): void {
  it(
    "ends hundreds of inputs in bounded steps, each exactly once, whoever takes the steps",
    withSession(openStore, async (session) => {
      const ids = await admitMany(session);

      const { report, hasChores } = await session.apply("reset");
      const settled: InputId[] = [];
      let reply = await session.store.ledger.settleChores(session.ref);
      for (let steps = 1; ; steps += 1) {
        expect(reply.settled.length).toBeLessThanOrEqual(100);
        settled.push(...reply.settled.map(({ inputId }) => inputId));
        if (reply.kind === "done") break;
        expect(steps).toBeLessThan(20);
        // Between two steps nothing is lost: whoever looks at the session finds the rest.
        expect(await session.claim()).toEqual({ kind: "chores" });
        expect(await session.dueAt()).toBe(session.now());
        await session.advanceTime(60_000);
        expect(await session.store.ledger.inspectDue(session.ref)).toEqual({ kind: "chores" });
        reply = await session.store.ledger.settleChores(session.ref);
      }

      expect([report.inputsAbandoned, hasChores]).toEqual([ids.length, true]);
      expect(new Set(settled)).toEqual(new Set(ids));
      expect(settled).toHaveLength(ids.length);
    }),
  );

  it(
    "leaves inputs alone that were admitted while older ones were being ended",
    withSession(openStore, async (session) => {
      await admitMany(session);
      await session.apply("reset");
      const newer: InputId[] = [];
      const admit = async () => {
        newer.push((await session.accept({ input: prompt("newer") })).inputId);
        newer.push((await session.accept({ notBeforeAt: session.now() + 1_000 })).inputId);
      };

      await admit();
      while ((await session.store.ledger.settleChores(session.ref)).kind === "more") await admit();

      const records = await Promise.all(newer.map((inputId) => session.input(inputId)));
      expect(records.every(({ status }) => status === "queued")).toBe(true);
      await session.advanceTime(1_000);
      expect(idsOf(await session.stage())).toEqual(newer.slice(0, 1));
    }),
  );

  it(
    "leaves inputs alone that went before everything while older ones of their lane were being ended [L6]",
    withSession(openStore, async (session) => {
      const older = await session.accept({ input: event("mail", { lane: "steer" }) });
      await session.apply("reset");
      const urgent = { input: { ...prompt("urgent"), overlap: "interrupt" } as const };
      const [first, second] = [await session.accept(urgent), await session.accept(urgent)];

      await session.settleChores();

      expect((await session.input(older.inputId)).outcome).toMatchObject({ reason: "reset" });
      const batch = await session.stage();
      expect(idsOf(batch)).toEqual([second.inputId]);
      expect(idsOf(await session.stageNext(batch))).toEqual([first.inputId]);
    }),
  );

  it(
    "says how each input ended while its row still waits to be written",
    withSession(openStore, async (session) => {
      const ids = await admitMany(session);
      await session.apply("stop");
      await session.store.ledger.settleChores(session.ref);

      const last = ids.at(-1) as InputId;

      const outcome = { kind: "abandoned", reason: "stopped", attempts: 0 };
      expect(await session.store.ledger.watch({ ref: session.ref, inputId: last, node: null })).toEqual({
        kind: "settled",
        outcome,
      });
      expect(await session.input(last)).toMatchObject({ status: "abandoned", outcome });
    }),
  );

  it(
    "settles several verbs' work one after the other",
    withSession(openStore, async (session) => {
      const first = await session.accept({ replyTo: nodeId("sender") });
      await session.apply("reset");
      const second = await session.accept();
      await session.apply("stop");
      await session.register();
      const third = await session.accept();
      await session.apply("destroy");

      const settled = (await session.settleChores()).flatMap((step) => step.settled);

      expect(outcomesOf(settled)).toMatchObject({
        [first.inputId]: { reason: "reset" },
        [second.inputId]: { reason: "stopped" },
        [third.inputId]: { reason: "destroyed" },
      });
      expect(settled[0]?.nodes).toEqual([nodeId("sender")]);
    }),
  );

  it(
    "takes up work again when the last chore is settled",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.apply("reset");
      const { inputId } = await session.accept();

      await session.settleChores();

      expect(await session.dueAt()).toBe(session.now() + 500);
      expect(idsOf(await session.stage())).toEqual([inputId]);
    }),
  );

  it(
    "removes the journal of an ended run before anything else is staged",
    withSession(
      openStore,
      async (session) => {
        await session.accept();
        const batch = await session.stage();
        const { journal } = session.store;
        for (let index = 1; index <= 150; index += 1) {
          await journal.settle({ ref: session.ref, fence: batch.fence, index, key: `s${index}`, value: "1" });
        }

        const { next } = await session.commit(batch, failed({ isRetryable: false }), { keep: true });

        expect(next).toMatchObject({ kind: "more", dueAt: session.now() });
        expect(await session.claim({ as: worker("second") })).toEqual({ kind: "chores" });
        expect((await session.settleChores()).map(({ kind }) => kind)).toEqual(["more", "done"]);
        expect(await journal.load({ ref: session.ref, runId: batch.fence.runId, entries: 150 })).toEqual([]);
      },
      { binding: binding("defer") },
    ),
  );
}

/** 350 inputs: staged, in both lanes, and waiting for a time. */
async function admitMany(session: SessionUnderTest): Promise<InputId[]> {
  const ids: InputId[] = [];
  for (let n = 0; n < 350; n += 1) {
    const lane = n % 3 === 0 ? "steer" : "queue";
    const notBeforeAt = n % 5 === 4 ? session.now() + 3_600_000 + n : 0;
    ids.push((await session.accept({ input: event("tick", { lane }), notBeforeAt })).inputId);
  }
  await session.stage();
  await session.advanceTime(20_000);
  return ids;
}
