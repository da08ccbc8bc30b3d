import { expect, it } from "vitest";
import { completed, event } from "../../fixtures/commands.ts";
import { idsOf, outcomesOf } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";
import { NOTHING } from "./expectations.ts";

/** Proves what each verb does and reports. */
export function describeVerbs(openStore: StoreFactory): void {
  it(
    "retires: closes the intake, leaves the run alone, and drains what was admitted",
    withSession(openStore, async (session) => {
      const [a, b] = [await session.accept(), await session.accept()];
      const batch = await session.stage();

      const { report, abort } = await session.apply("retire");
      const next = await session.stageNext(batch);

      expect(report).toMatchObject({ ...NOTHING, phaseBefore: "idle", phaseAfter: "retired", inputsPendingDrain: 2 });
      expect(abort).toBeNull();
      expect([idsOf(batch), idsOf(next)]).toEqual([[a.inputId], [b.inputId]]);
      expect(await session.admit()).toMatchObject({ kind: "refused" });
    }),
  );

  it(
    "retires a session that nobody would drain by abandoning its inputs",
    withSession(
      openStore,
      async (session) => {
        const { inputId } = await session.accept();

        const { report, hasChores } = await session.apply("retire");

        expect(report).toMatchObject({ ...NOTHING, inputsAbandoned: 1 });
        expect(hasChores).toBe(true);
        expect((await session.input(inputId)).outcome).toMatchObject({ reason: "retired" });
      },
      { binding: null },
    ),
  );

  it(
    "recycles a retired session to one that accepts again, and keeps what waits",
    withSession(openStore, async (session) => {
      const a = await session.accept();
      await session.apply("retire");

      const { report, wake } = await session.apply("recycle");

      expect(report).toMatchObject({ ...NOTHING, phaseBefore: "retired", phaseAfter: "idle", inputsTransferred: 1 });
      expect(wake).toMatchObject({ executor: "agent" });
      await session.accept();
      expect(idsOf(await session.stage())).toEqual([a.inputId]);
    }),
  );

  it(
    "returns a dead attempt to its place on recovery, charged with a loss",
    withSession(openStore, async (session) => {
      const a = await session.accept({ input: event("a") });
      const b = await session.accept();
      const batch = await session.stage();
      await session.advanceTime(10_000);

      const { report } = await session.apply("recover");

      expect(report).toMatchObject({ ...NOTHING, inputsRecovered: 2, inputsRequeued: 1 });
      expect(await session.advance(batch)).toEqual({ kind: "fenced" });
      const retry = await session.stage();
      expect(retry).toMatchObject({ attempt: 2, fence: { runId: batch.fence.runId }, inputs: [{ losses: 1 }] });
      expect([idsOf(retry), b.admission]).toEqual([[a.inputId], 2]);
    }),
  );

  it(
    "counts an input whose last loss a recovery is as ended, not as tried again",
    withSession(
      openStore,
      async (session) => {
        const a = await session.accept();
        await session.accept();
        await session.stage();
        await session.advanceTime(10_000);

        const { report } = await session.apply("recover");

        expect(report).toMatchObject({ ...NOTHING, inputsAbandoned: 1, inputsRecovered: 1, inputsRequeued: 0 });
        expect(await session.input(a.inputId)).toMatchObject({ outcome: { reason: "executor_lost" } });
      },
      { budget: { maxLosses: 1 } },
    ),
  );

  it(
    "resets: every input ends for every reader at once, and the session goes on [C4]",
    withSession(openStore, async (session) => {
      const a = await session.accept();
      const b = await session.accept({ notBeforeAt: session.now() + 60_000 });

      const { report } = await session.apply("reset");

      expect(report).toMatchObject({ ...NOTHING, phaseAfter: "idle", inputsAbandoned: 2 });
      for (const { inputId } of [a, b]) {
        expect(await session.input(inputId)).toMatchObject({ status: "abandoned", outcome: { reason: "reset" } });
      }
      const { inputId } = await session.accept();
      await session.settleChores();
      expect(idsOf(await session.stage())).toEqual([inputId]);
    }),
  );

  it(
    "keeps state and receipts over a reset",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.commit(await session.stage(), completed({ state: { kept: true } }));

      await session.apply("reset");

      expect(await session.store.archive.findState(session.ref)).toEqual({ state: '{"kept":true}', position: 1 });
      await session.accept();
      expect(await session.stage()).toMatchObject({ position: 1 });
    }),
  );

  it(
    "stops: fences the run, names whom to tell, ends every input and unbinds [C4]",
    withSession(openStore, async (session) => {
      const a = await session.accept();
      const b = await session.accept();
      const batch = await session.stage();
      const { runId } = batch.fence;

      const { report, abort, wake } = await session.apply("stop");

      expect(report).toMatchObject({ ...NOTHING, phaseAfter: "stopped", inputsAbandoned: 2, abortedRunId: runId });
      expect(abort).toEqual({ node: session.worker.node, runId, reason: "stopped" });
      expect(wake).toBeNull();
      expect(await session.advance(batch)).toEqual({ kind: "fenced" });
      expect(await session.store.ledger.renew([{ ref: session.ref, claimId: batch.fence.claimId }])).toEqual([
        { kind: "lost" },
      ]);
      const steps = await session.settleChores();
      expect(Object.keys(outcomesOf(steps.flatMap(({ settled }) => settled)))).toEqual([a.inputId, b.inputId]);
      expect(await session.store.directory.find(session.ref)).toMatchObject({
        binding: null,
        queued: 0,
        hasRun: false,
      });
    }),
  );

  it(
    "never hands out a token again that a verb has fenced [C4]",
    withSession(openStore, async (session) => {
      await session.accept();
      const before = await session.stage();
      await session.apply("stop");
      await session.settleChores();
      await session.register();
      await session.accept();

      const after = await session.stage();

      expect(after.fence.token).toBeGreaterThan(before.fence.token + 1);
    }),
  );

  it(
    "destroys: nothing is left but a tombstone that refuses [C4]",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept();
      await session.commit(await session.stage(), completed({ state: 1, output: 2 }));
      const batch = await stageOneMore(session);

      const { report } = await session.apply("destroy");
      await session.settleChores();

      expect(report).toMatchObject({ phaseAfter: "destroyed", inputsAbandoned: 1, abortedRunId: batch.fence.runId });
      const { archive, directory } = session.store;
      expect(await archive.findInput(session.ref, inputId)).toBeNull();
      expect((await archive.listReceipts(session.ref, { after: 0, limit: 10 })).items).toEqual([]);
      // The last thing a reader must see (G12).
      const { items } = await archive.listEvents(session.ref, { after: 0, limit: 10 });
      expect(items.map(({ event }) => event)).toEqual([
        { type: "session.phase_changed", verb: "destroy", from: "idle", to: "destroyed" },
      ]);
      expect(await archive.findState(session.ref)).toMatchObject({ state: null });
      expect((await directory.list({ tenantId: session.ref.tenantId, after: null, limit: 10 })).sessions).toEqual([]);
      expect(await directory.find(session.ref)).toMatchObject({ phase: "destroyed" });
      expect(await session.dueAt()).toBeNull();
      expect(await session.claim()).toMatchObject({ kind: "idle", dueAt: null });
    }),
  );

  it(
    "ends a run that was lost, too, when it stops [C4]",
    withSession(openStore, async (session) => {
      const a = await session.accept({ input: event("a") });
      const batch = await session.stage();
      await session.advanceTime(20_000);

      const { report } = await session.apply("stop");

      expect(report).toMatchObject({ inputsAbandoned: 1, abortedRunId: batch.fence.runId });
      await session.settleChores();
      expect((await session.input(a.inputId)).outcome).toEqual({ kind: "abandoned", reason: "stopped", attempts: 1 });
    }),
  );
}

async function stageOneMore(session: SessionUnderTest) {
  await session.accept();
  return session.stage();
}
