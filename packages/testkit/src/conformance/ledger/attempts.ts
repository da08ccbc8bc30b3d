import type { InputId } from "@holdfast/contracts";
import type { StagedBatch } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { binding, cancelled, completed, event, failed, prompt, RELEASED, worker } from "../../fixtures/commands.ts";
import { idsOf, outcomesOf } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";

/** What an attempt leaves: receipts, retries, spent budgets. */
export function describeAttempts(openStore: StoreFactory): void {
  describe("staging", () => {
    describeStaging(openStore);
  });
  describe("receipts", () => {
    describeReceipts(openStore);
  });
  describe("failures", () => {
    describeFailures(openStore);
  });
  describe("losses", () => {
    describeLosses(openStore);
  });
}

function describeStaging(openStore: StoreFactory): void {
  it(
    "has stored batch, run id and attempt when it hands them out [L3]",
    withSession(openStore, async (session) => {
      await session.accept({ input: event("a") });
      await session.accept({ input: event("b") });

      const batch = await session.stage();

      for (const input of await session.inputs()) {
        expect(input).toMatchObject({ status: "staged", runId: batch.fence.runId, attempts: 1 });
      }
      expect((await session.store.archive.explainFacts(session.ref))?.run).toMatchObject({
        runId: batch.fence.runId,
        attempt: 1,
        node: session.worker.node,
        cancelMode: null,
      });
      const events = await session.store.archive.listEvents(session.ref, { after: 0, limit: 100 });
      expect(events.items.at(-1)?.event).toEqual({
        type: "run.started",
        runId: batch.fence.runId,
        attempt: 1,
        inputIds: idsOf(batch),
      });
    }),
  );

  it(
    "mints a new token for every staging, and keeps the claim id of the hold [L3]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.accept();

      const first = await session.stage();
      const second = await session.stageNext(first);

      expect(second.fence.token).toBeGreaterThan(first.fence.token);
      expect(second.fence.claimId).toBe(first.fence.claimId);
      expect(second.fence.runId).not.toBe(first.fence.runId);
    }),
  );

  it(
    "hands the state over unless the worker has the current one",
    withSession(openStore, async (session) => {
      await session.accept();
      const reply = await session.claim();
      expect(reply).toMatchObject({ kind: "staged", state: { kind: "stored", state: null } });
      if (reply.kind !== "staged") return;
      const committed = await session.commit(reply.batch, completed({ state: { count: 1 } }));
      expect(committed.position).toBe(1);
      const [receipt] = (await session.store.archive.listReceipts(session.ref, { after: 0, limit: 1 })).items;

      await session.accept();
      const cached = await session.claim({ cachedDigest: receipt?.digest ?? "" });
      if (cached.kind !== "staged") return;
      await session.commit(cached.batch, RELEASED);
      const stored = await session.claim({ cachedDigest: "old" });

      expect(cached.state).toEqual({ kind: "cached" });
      expect(stored).toMatchObject({ state: { kind: "stored", state: '{"count":1}' } });
    }),
  );
}

function describeReceipts(openStore: StoreFactory): void {
  it(
    "writes a receipt that names the contributors, and tells whoever waited",
    withSession(openStore, async (session) => {
      const first = await session.accept({ input: event("a"), replyTo: session.worker.node });
      const second = await session.accept({ input: event("b") });
      const batch = await session.stage();

      const reply = await session.commit(batch, completed({ output: { answer: 42 } }));

      const outcome = { kind: "completed", runId: batch.fence.runId, position: 1, output: { answer: 42 } };
      expect(reply).toMatchObject({ position: 1, isRepeat: false, committedAt: session.now() });
      expect(reply.settled).toEqual([
        { inputId: first.inputId, outcome, nodes: [session.worker.node] },
        { inputId: second.inputId, outcome, nodes: [] },
      ]);
      const receipt = await session.store.archive.findReceipt(session.ref, { runId: batch.fence.runId, sequence: 1 });
      expect(receipt).toMatchObject({
        position: 1,
        result: "completed",
        contributors: idsOf(batch),
        token: batch.fence.token,
        claimId: batch.fence.claimId,
        previousDigest: batch.previousDigest,
      });
    }),
  );

  it(
    "chains receipts, dense in position",
    withSession(openStore, async (session) => {
      for (let n = 0; n < 3; n += 1) await session.accept();
      let batch = await session.stage();
      batch = await session.stageNext(batch);
      batch = await session.stageNext(batch);
      await session.commit(batch);

      const { items } = await session.store.archive.listReceipts(session.ref, { after: 0, limit: 10 });

      expect(items.map(({ position }) => position)).toEqual([1, 2, 3]);
      expect(items.slice(1).map(({ previousDigest }) => previousDigest)).toEqual(
        items.slice(0, 2).map(({ digest }) => digest),
      );
      expect(await session.store.directory.find(session.ref)).toMatchObject({ position: 3, digest: items[2]?.digest });
    }),
  );

  it(
    "keeps the state when the turn gives none, and replaces it when it does",
    withSession(openStore, async (session) => {
      for (let n = 0; n < 2; n += 1) await session.accept();
      const batch = await session.stageNext(await session.stage(), completed({ state: [1] }));

      await session.commit(batch, completed());

      expect(await session.store.archive.findState(session.ref)).toEqual({ state: "[1]", position: 2 });
    }),
  );

  it(
    "ends the inputs of a cancelled run, with a receipt",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept();
      const batch = await session.stage();

      const reply = await session.commit(batch, cancelled({ state: "kept" }));

      expect(outcomesOf(reply.settled)[inputId]).toEqual({
        kind: "cancelled",
        runId: batch.fence.runId,
        position: 1,
        attempts: 1,
      });
      expect(reply.position).toBe(1);
      const receipt = await session.store.archive.findReceipt(session.ref, { runId: batch.fence.runId, sequence: 1 });
      expect(receipt?.result).toBe("cancelled");
      expect(await session.store.archive.findState(session.ref)).toMatchObject({ state: '"kept"' });
    }),
  );

  it(
    "hands a released batch back to its place and charges nothing",
    withSession(openStore, async (session) => {
      const [a] = [await session.accept({ input: prompt("a") }), await session.accept({ input: prompt("b") })];
      const batch = await session.stage();

      const reply = await session.commit(batch, RELEASED);
      const retry = await session.stage();

      expect(reply).toMatchObject({ position: 0, settled: [], next: { kind: "more" } });
      expect(idsOf(retry)).toEqual([a?.inputId]);
      expect(retry).toMatchObject({ attempt: 2, sequence: 1, fence: { runId: batch.fence.runId } });
      expect(retry.inputs[0]).toMatchObject({ attempts: 2, failures: 0, losses: 0 });
    }),
  );
}

function describeFailures(openStore: StoreFactory): void {
  const deferring = { binding: binding("defer") };

  it(
    "retries the first failure at once when it keeps nobody waiting, under the same run id",
    withSession(openStore, async (session) => {
      await session.accept();
      const batch = await session.stage();

      const retry = await session.stageNext(batch, failed({ retryDelayMs: 5_000 }));

      expect(retry).toMatchObject({ attempt: 2, fence: { runId: batch.fence.runId } });
      expect(retry.inputs[0]).toMatchObject({ attempts: 2, failures: 1, losses: 0 });
    }),
  );

  it(
    "waits for the time the executor named even then",
    withSession(openStore, async (session) => {
      await session.accept();
      const failure = failed({ retryDelayMs: 5_000, isDelayExplicit: true });

      const { next } = await session.commit(await session.stage(), failure, { keep: true });

      expect(next).toEqual({ kind: "idle", dueAt: session.now() + 5_000 });
    }),
  );

  it(
    "holds its lane: nothing behind a failed input is staged before it",
    withSession(openStore, async (session) => {
      const [a, b] = await twoPrompts(session);
      const second = await session.stageNext(await session.stage(), failed());

      const { next } = await session.commit(second, failed({ retryDelayMs: 5_000 }), { keep: true });
      expect(next).toEqual({ kind: "idle", dueAt: session.now() + 5_000 });
      await session.advanceTime(5_000);
      const third = await session.stage();

      expect([idsOf(second), idsOf(third)]).toEqual([[a], [a]]);
      expect(idsOf(await session.stageNext(third))).toEqual([b]);
    }),
  );

  it(
    "lets the steer lane go on while the queue lane is held",
    withSession(openStore, async (session) => {
      await twoPrompts(session);
      const second = await session.stageNext(await session.stage(), failed());
      await session.commit(second, failed({ retryDelayMs: 5_000 }));

      const steered = await session.accept({ input: event("now", { lane: "steer" }) });

      expect(idsOf(await session.stage())).toEqual([steered.inputId]);
    }),
  );

  it(
    "moves a failed input behind the backlog when the session defers",
    withSession(
      openStore,
      async (session) => {
        const [a, b] = await twoPrompts(session);

        const second = await session.stageNext(await session.stage(), failed({ retryDelayMs: 1_000 }));
        const { next } = await session.commit(second, completed(), { keep: true });
        await session.advanceTime(1_000);

        expect(idsOf(second)).toEqual([b]);
        expect(next).toMatchObject({ dueAt: session.now() });
        expect(idsOf(await session.stage())).toEqual([a]);
      },
      deferring,
    ),
  );

  it(
    "ends an input at its third failure as a dead letter, and moves on",
    withSession(openStore, async (session) => {
      const [a, b] = await twoPrompts(session);
      let batch = await session.stage();
      for (let n = 0; n < 2; n += 1) batch = await session.stageNext(batch, failed());
      expect(idsOf(batch)).toEqual([a]);

      const reply = await session.commit(batch, failed({ failure: { code: "broken", message: "for good" } }), {
        keep: true,
      });

      expect(outcomesOf(reply.settled)).toEqual({
        [a as string]: {
          kind: "abandoned",
          reason: "max_attempts_exhausted",
          attempts: 3,
          failure: { code: "broken", message: "for good" },
        },
      });
      expect(reply.next).toMatchObject({ kind: "staged" });
      const letters = await session.store.archive.listDeadLetters(session.ref, { after: 0, limit: 10 });
      expect(letters.items.map(({ inputId }) => inputId)).toEqual([a]);
      expect(await session.input(b as InputId)).toMatchObject({ status: "staged" });
    }),
  );

  it(
    "ends an input at once when the failure cannot be retried",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept();

      const { settled } = await session.commit(await session.stage(), failed({ isRetryable: false }));

      expect(outcomesOf(settled)[inputId]).toMatchObject({ reason: "max_attempts_exhausted", attempts: 1 });
    }),
  );

  it(
    "tries the members of a batch one by one after its first failure, as runs of their own",
    withSession(openStore, async (session) => {
      const a = await session.accept({ input: event("a") });
      const b = await session.accept({ input: event("b") });
      const batch = await session.stage();

      const first = await session.stageNext(batch, failed());
      const second = await session.stageNext(first);

      expect([idsOf(first), idsOf(second)]).toEqual([[a.inputId], [b.inputId]]);
      const runs = new Set([batch, first, second].map(({ fence }) => fence.runId));
      expect(runs.size).toBe(3);
      expect(first).toMatchObject({ attempt: 1, inputs: [{ attempts: 2, failures: 1 }] });
    }),
  );
}

function describeLosses(openStore: StoreFactory): void {
  it(
    "returns a lost batch to its place, under the same run id, charged with a loss [L3]",
    withSession(openStore, async (session) => {
      const [a] = await twoPrompts(session);
      const lost = await session.stage();

      const retry = await lose(session);

      expect(idsOf(retry)).toEqual([a]);
      expect(retry).toMatchObject({ attempt: 2, fence: { runId: lost.fence.runId } });
      expect(retry.inputs[0]).toMatchObject({ attempts: 2, failures: 0, losses: 1 });
    }),
  );

  it(
    "keeps a batch together at its first loss and tries its members one by one after the second",
    withSession(openStore, async (session) => {
      const a = await session.accept({ input: event("a") });
      const b = await session.accept({ input: event("b") });
      const batch = await session.stage();

      const again = await lose(session);
      const alone = await lose(session);

      expect(idsOf(again)).toEqual([a.inputId, b.inputId]);
      expect(again.fence.runId).toBe(batch.fence.runId);
      expect(idsOf(alone)).toEqual([a.inputId]);
      expect(alone.fence.runId).not.toBe(batch.fence.runId);
      expect(idsOf(await session.stageNext(alone))).toEqual([b.inputId]);
    }),
  );

  it(
    "ends an input at its tenth loss, tells whoever waited, and moves on",
    withSession(openStore, async (session) => {
      const a = await session.accept({ input: prompt("a"), replyTo: session.worker.node });
      const b = await session.accept({ input: prompt("b") });
      await session.stage();
      for (let n = 0; n < 9; n += 1) expect(idsOf(await lose(session))).toEqual([a.inputId]);

      await session.advanceTime(11_000);
      const reply = await session.claim();

      expect(reply).toMatchObject({
        kind: "staged",
        settled: [
          {
            inputId: a.inputId,
            outcome: { kind: "abandoned", reason: "executor_lost", attempts: 10 },
            nodes: [session.worker.node],
          },
        ],
      });
      if (reply.kind === "staged") expect(idsOf(reply.batch)).toEqual([b.inputId]);
      expect(await session.store.directory.find(session.ref)).toMatchObject({ deadLetters: 1 });
    }),
  );

  it(
    "counts losses and failures apart",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.stage();
      const second = await lose(session);
      const third = await session.stageNext(second, failed());

      expect(third.inputs[0]).toMatchObject({ attempts: 3, failures: 1, losses: 1 });
    }),
  );
}

async function twoPrompts(session: SessionUnderTest): Promise<InputId[]> {
  const [a, b] = [await session.accept({ input: prompt("a") }), await session.accept({ input: prompt("b") })];
  return [a.inputId, b.inputId];
}

/** The holder dies; another worker claims. */
async function lose(session: SessionUnderTest): Promise<StagedBatch> {
  await session.advanceTime(11_000);
  return session.stage({ as: worker("second") });
}
