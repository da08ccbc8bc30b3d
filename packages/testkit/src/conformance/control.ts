/** The suite of the `Control` port; its promises are C1 to C4. */
import type { InputId, RequestId, RunId } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { binding, completed, event, failed, prompt, worker } from "../fixtures/commands.ts";
import { nodeId, sessionRef } from "../fixtures/ids.ts";
import { as, idsOf, outcomesOf } from "../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every control plane promises. */
export function describeControl(openStore: StoreFactory): void {
  describe("control", () => {
    describe("request ids", () => {
      describeRequests(openStore);
    });
    describe("verbs", () => {
      describeVerbs(openStore);
    });
    describe("interrupt", () => {
      describeInterrupt(openStore);
    });
    describe("chores", () => {
      describeChores(openStore);
    });
  });
}

const request = (name: string) => name as RequestId;

/** Counts of a report that are zero unless said otherwise. */
const NOTHING = {
  inputsAbandoned: 0,
  inputsPendingDrain: 0,
  inputsTransferred: 0,
  inputsRecovered: 0,
  inputsRequeued: 0,
};

function describeRequests(openStore: StoreFactory): void {
  it(
    "returns the first report for the same request id and changes nothing [C1]",
    withSession(openStore, async (session) => {
      await session.accept();
      const first = await session.apply("stop", request("operator's order 1"));
      await session.settleChores();
      await session.register();
      await session.accept();
      const before = await session.store.directory.find(session.ref);

      const again = await session.apply("stop", request("operator's order 1"));

      expect(again).toMatchObject({ isRepeat: true, report: first.report, abort: null, wake: null, settled: [] });
      expect(first).toMatchObject({ isRepeat: false, report: { inputsAbandoned: 1 } });
      expect(await session.store.directory.find(session.ref)).toEqual(before);
    }),
  );

  it(
    "takes the same request id for another verb as a caller's mistake [C1]",
    withSession(openStore, async (session) => {
      await session.apply("retire", request("r"));

      await expect(session.control("stop", request("r"))).rejects.toMatchObject({ code: "idempotency.mismatch" });

      expect((await session.store.directory.find(session.ref))?.phase).toBe("retired");
    }),
  );

  it(
    "still knows the report of a destroyed session [C1]",
    withSession(openStore, async (session) => {
      const first = await session.apply("destroy", request("r"));
      await session.settleChores();

      expect(await session.apply("destroy", request("r"))).toMatchObject({ isRepeat: true, report: first.report });
    }),
  );

  it(
    "succeeds with zero counts when the phase is already reached [C2]",
    withSession(openStore, async (session) => {
      for (const verb of ["retire", "stop", "destroy"] as const) {
        await session.apply(verb);
        const before = await session.store.directory.find(session.ref);

        const { report, isRepeat } = await session.apply(verb);

        expect(isRepeat).toBe(false);
        expect(report).toMatchObject({ verb, phaseBefore: report.phaseAfter, ...NOTHING });
        expect(await session.store.directory.find(session.ref)).toEqual(before);
      }
    }),
  );

  it(
    "changes nothing when it refuses, and says in which phase the session is [C3]",
    withSession(openStore, async (session) => {
      await session.accept();
      const batch = await session.stage();

      for (const verb of ["recycle", "reset", "recover"] as const) {
        expect(await session.control(verb)).toEqual({
          kind: "refused",
          phase: "idle",
          isBusy: true,
          currentRunId: batch.fence.runId,
        });
      }
      expect((await session.commit(batch)).position).toBe(1);

      await session.apply("stop");
      expect(await session.control("reset")).toEqual({
        kind: "refused",
        phase: "stopped",
        isBusy: false,
        currentRunId: null,
      });
    }),
  );

  it(
    "knows nothing of an unknown session",
    withSession(openStore, async (session) => {
      const ref = sessionRef("nowhere");
      const { control } = session.store;

      expect(await control.apply({ ref, verb: "stop", requestId: request("r") })).toEqual({ kind: "missing" });
      expect(await control.interrupt({ ref, requestId: request("r"), runId: null })).toEqual({ kind: "missing" });
    }),
  );
}

function describeVerbs(openStore: StoreFactory): void {
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

function describeInterrupt(openStore: StoreFactory): void {
  const interrupt = (session: SessionUnderTest, runId: RunId | null, requestId = session.ids.request()) =>
    session.store.control.interrupt({ ref: session.ref, requestId, runId });

  it(
    "asks the current run to end, and leaves it to the run",
    withSession(openStore, async (session) => {
      await session.accept();
      const batch = await session.stage();
      const { runId, claimId } = batch.fence;

      const reply = as(await interrupt(session, null), "applied");

      expect(reply.abort).toEqual({ node: session.worker.node, runId, reason: "cancelled" });
      expect(reply.report).toMatchObject({ ...NOTHING, verb: "interrupt", phaseAfter: "idle", abortedRunId: runId });
      expect(await session.store.ledger.renew([{ ref: session.ref, claimId }])).toEqual([
        { kind: "renewed", cancelRequested: runId },
      ]);
      expect((await session.commit(batch)).position).toBe(1);
    }),
  );

  it(
    "forgets the request with the run: the next one is not cancelled",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.accept();
      const first = await session.stage();
      await interrupt(session, first.fence.runId);

      const second = await session.stageNext(first);

      expect(await session.store.ledger.renew([{ ref: session.ref, claimId: second.fence.claimId }])).toEqual([
        { kind: "renewed", cancelRequested: null },
      ]);
    }),
  );

  it(
    "refuses without a run, and for a run that is not the current one [C3]",
    withSession(openStore, async (session) => {
      expect(await interrupt(session, null)).toEqual({
        kind: "refused",
        phase: "idle",
        isBusy: false,
        currentRunId: null,
      });
      await session.accept();
      const { fence } = await session.stage();

      expect(await interrupt(session, "run_of_another" as RunId)).toEqual({
        kind: "refused",
        phase: "idle",
        isBusy: true,
        currentRunId: fence.runId,
      });
    }),
  );

  it(
    "returns the first report for the same request id, without a further abort [C1]",
    withSession(openStore, async (session) => {
      await session.accept();
      const batch = await session.stage();
      const first = as(await interrupt(session, null, request("r")), "applied");
      await session.commit(batch);

      const again = as(await interrupt(session, null, request("r")), "applied");

      expect(again).toMatchObject({ isRepeat: true, report: first.report, abort: null });
    }),
  );
}

function describeChores(openStore: StoreFactory): void {
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
