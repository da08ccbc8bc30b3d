import { describe, expect, it } from "vitest";
import { binding, completed, EXECUTOR, failed, RELEASED, worker } from "../../fixtures/commands.ts";
import { nodeId, sessionRef } from "../../fixtures/ids.ts";
import { as, driveSession, idsOf } from "../../fixtures/session-driver.ts";
import { type StoreFactory, withSession } from "../store-under-test.ts";

/** A runnable session is due at a finite time (L6), and sweeping finds it. */
export function describeLiveness(openStore: StoreFactory): void {
  describe("due times", () => {
    describeDue(openStore);
  });
  describe("sweeping", () => {
    describeSweep(openStore);
  });
  describe("executors that nobody hosts", () => {
    describeHosting(openStore);
  });
  describe("watching", () => {
    describeWatching(openStore);
  });
}

function describeDue(openStore: StoreFactory): void {
  it(
    "is due a sweep delay after an admission at rest, and at once for an earlier one [L6]",
    withSession(openStore, async (session) => {
      await session.accept();
      const dueAt = session.now() + 1_500;
      expect(await session.dueAt()).toBe(dueAt);

      await session.advanceTime(1_000);
      await session.accept();

      expect(await session.dueAt()).toBe(dueAt);
    }),
  );

  it(
    "is due when its first timed input is, if nothing else waits [L6]",
    withSession(openStore, async (session) => {
      await session.accept({ notBeforeAt: session.now() + 9_000 });
      await session.accept({ notBeforeAt: session.now() + 5_000 });

      expect(await session.dueAt()).toBe(session.now() + 5_000);
    }),
  );

  it(
    "is due a grace after the end of its lease, and moves with every renewal [L6]",
    withSession(openStore, async (session) => {
      await session.accept();
      const { fence } = await session.stage();
      expect(await session.dueAt()).toBe(session.now() + 11_000);

      await session.advanceTime(3_000);
      await session.store.ledger.renew([{ ref: session.ref, claimId: fence.claimId }]);

      expect(await session.dueAt()).toBe(session.now() + 11_000);
    }),
  );

  it(
    "is due soon after a release that left work, with a fresh epoch [L6]",
    withSession(openStore, async (session) => {
      const { wake } = await session.accept();
      await session.accept();

      const { next } = await session.commit(await session.stage());

      expect(next).toEqual({
        kind: "more",
        epoch: wake.epoch + 2,
        dueAt: session.now() + 500,
        executor: EXECUTOR,
      });
      expect(await session.dueAt()).toBe(session.now() + 500);
    }),
  );

  it(
    "is not due with nothing to do, unbound, or with silent inputs only [L6]",
    withSession(
      openStore,
      async (session) => {
        await session.accept();
        expect(await session.dueAt()).toBeNull();

        await session.register(binding());
        expect(await session.dueAt()).toBe(session.now() + 500);
        await session.commit(await session.stage());
        await session.accept({ isWithoutWake: true });

        expect(await session.dueAt()).toBeNull();
      },
      { binding: null },
    ),
  );

  it(
    "is due when the input that blocks its lane may be tried again [L6]",
    withSession(openStore, async (session) => {
      await session.accept();
      const second = await session.stageNext(await session.stage(), failed());

      await session.commit(second, failed({ retryDelayMs: 7_000 }));

      expect(await session.dueAt()).toBe(session.now() + 7_000);
      await session.advanceTime(7_000);
      expect(await session.claim()).toMatchObject({ kind: "staged" });
    }),
  );
}

function describeSweep(openStore: StoreFactory): void {
  it(
    "takes overdue sessions and moves each a sweep delay on [L6]",
    withSession(openStore, async (session) => {
      await session.accept();
      expect(await session.store.ledger.sweep(10)).toEqual([]);
      await session.advanceTime(1_500);

      expect(await session.store.ledger.sweep(10)).toEqual([session.ref]);

      expect(await session.store.ledger.sweep(10)).toEqual([]);
      expect(await session.dueAt()).toBe(session.now() + 1_500);
    }),
  );

  it(
    "takes at most as many as asked for, and every one in the end [L6]",
    withSession(openStore, async (session) => {
      const names = ["a", "b", "c", "d", "e"];
      for (const name of names) {
        const other = driveSession(session.store, sessionRef(name), session.ids);
        await other.register();
        await other.accept();
      }
      await session.advanceTime(1_500);

      const rounds = [await session.store.ledger.sweep(3), await session.store.ledger.sweep(3)];

      expect(rounds.map(({ length }) => length)).toEqual([3, 2]);
      expect(
        rounds
          .flat()
          .map(({ sessionId }) => sessionId)
          .sort(),
      ).toEqual(names);
    }),
  );

  it(
    "wakes a session with work under a fresh epoch, and counts sweeps until a claim [L6]",
    withSession(openStore, async (session) => {
      const { wake } = await session.accept();
      await session.advanceTime(1_500);

      const first = await session.store.ledger.inspectDue(session.ref);
      const second = await session.store.ledger.inspectDue(session.ref);

      const expected = { kind: "wake", executor: EXECUTOR, node: null };
      expect(first).toEqual({ ...expected, sweeps: 1, epoch: wake.epoch + 1 });
      expect(second).toEqual({ ...expected, sweeps: 2, epoch: wake.epoch + 2 });
      await session.stage();
      expect((await session.store.archive.explainFacts(session.ref))?.fruitlessSweeps).toBe(0);
    }),
  );

  it(
    "leaves a session with a live holder alone, and finds one whose holder died [L6]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.stage();
      expect(await session.store.ledger.inspectDue(session.ref)).toEqual({ kind: "nothing" });

      await session.advanceTime(11_000);

      expect(await session.store.ledger.sweep(10)).toEqual([session.ref]);
      expect(await session.store.ledger.inspectDue(session.ref)).toMatchObject({ kind: "wake", sweeps: 1 });
    }),
  );

  it(
    "forgets a session that has nothing to do any more [L6]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.commit(await session.stage());
      expect(await session.claim({ as: worker("other", { executors: [] }) })).toMatchObject({ kind: "not_hosted" });
      await session.advanceTime(30_000);

      expect(await session.store.ledger.sweep(10)).toEqual([session.ref]);
      expect(await session.store.ledger.inspectDue(session.ref)).toEqual({ kind: "nothing" });

      expect(await session.dueAt()).toBeNull();
    }),
  );

  it(
    "knows nothing of an unknown session",
    withSession(openStore, async (session) => {
      const ref = sessionRef("nowhere");

      expect(await session.store.ledger.inspectDue(ref)).toEqual({ kind: "nothing" });
      expect(await driveSession(session.store, ref).claim()).toEqual({ kind: "missing" });
      expect(await session.store.ledger.settleChores(ref)).toMatchObject({ kind: "done", settled: [] });
    }),
  );
}

function describeHosting(openStore: StoreFactory): void {
  const stranger = worker("stranger", { executors: ["another"] });

  it(
    "is not staged by a worker that does not host its executor, and looked at again later [L6]",
    withSession(openStore, async (session) => {
      await session.accept();

      expect(await session.claim({ as: stranger })).toMatchObject({
        kind: "not_hosted",
        executor: EXECUTOR,
        versions: "",
      });

      expect(await session.dueAt()).toBe(session.now() + 30_000);
      expect(await session.store.archive.explainFacts(session.ref)).toMatchObject({ isUnhosted: true, run: null });
    }),
  );

  it(
    "is staged only by a worker that says its version lies in the range; nothing is written before it said so [L3]",
    withSession(
      openStore,
      async (session) => {
        const range = { executor: EXECUTOR, versions: "1.x || 2.x" };
        const { inputId } = await session.accept();
        const dueAt = await session.dueAt();

        expect(await session.claim()).toEqual({ kind: "undecided", ...range });
        expect(await session.claim({ as: worker("old", { ranges: [{ ...range, versions: "1.x" }] }) })).toMatchObject({
          kind: "undecided",
        });
        expect(await session.dueAt()).toBe(dueAt);

        const batch = await session.stage({ as: worker("fit", { ranges: [range] }) });

        expect(idsOf(batch)).toEqual([inputId]);
      },
      { binding: binding("hold", EXECUTOR, "1.x || 2.x") },
    ),
  );

  it(
    "is let go by a worker whose version lies outside a range it was bound to meanwhile [L3]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.accept();
      const batch = await session.stage();
      await session.register(binding("hold", EXECUTOR, "^2"));

      const { next } = await session.commit(batch, completed(), { keep: true });

      expect(next).toMatchObject({ kind: "more" });
      const declined = worker("old", { declined: { executor: EXECUTOR, versions: "^2" } });
      expect(await session.claim({ as: declined })).toMatchObject({ kind: "not_hosted", versions: "^2" });
      expect(await session.store.presence.listUnhosted(10)).toEqual([{ ref: session.ref, executor: EXECUTOR }]);
    }),
  );

  it(
    "is due at once when somebody announces the executor, in bounded steps [P2, L6]",
    withSession(openStore, async (session) => {
      for (const name of ["a", "b", "c"]) {
        const other = driveSession(session.store, sessionRef(name), session.ids);
        await other.register();
        await other.accept();
        await other.claim({ as: stranger });
      }

      expect(await session.store.presence.adopt("unrelated", 10)).toBe(0);
      expect(await session.store.presence.adopt(EXECUTOR, 2)).toBe(2);
      expect(await session.store.presence.adopt(EXECUTOR, 2)).toBe(1);

      expect(await session.store.presence.adopt(EXECUTOR, 2)).toBe(0);
      expect(await session.store.ledger.sweep(10)).toHaveLength(3);
    }),
  );

  it(
    "is no longer listed as waiting once it was claimed, rebound or stopped [P2]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.claim({ as: stranger });
      await session.stage();
      expect(await session.store.presence.adopt(EXECUTOR, 10)).toBe(0);

      await session.advanceTime(11_000);
      await session.claim({ as: stranger });
      await session.register(binding("hold", "another"));
      expect(await session.store.presence.adopt(EXECUTOR, 10)).toBe(0);

      await session.claim();
      await session.apply("stop");
      expect(await session.store.presence.adopt("another", 10)).toBe(0);
    }),
  );

  it(
    "stages nothing next for a session that was bound to another executor meanwhile [L6]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.accept();
      const batch = await session.stage();
      await session.register(binding("hold", "another"));

      const { next } = await session.commit(batch, completed(), { keep: true });

      expect(next).toMatchObject({ kind: "more", dueAt: session.now() + 500 });
      expect(idsOf(await session.stage({ as: stranger }))).toHaveLength(1);
    }),
  );
}

function describeWatching(openStore: StoreFactory): void {
  it(
    "notes who wants to be told, once, and tells them with the outcome",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept({ replyTo: nodeId("sender") });
      const watch = (name: string | null) =>
        session.store.ledger.watch({ ref: session.ref, inputId, node: name === null ? null : nodeId(name) });

      expect(await watch("watcher")).toEqual({ kind: "watching", status: "queued" });
      await watch("watcher");
      await watch(null);
      const batch = await session.stage();
      expect(await watch(null)).toEqual({ kind: "watching", status: "staged" });
      const { settled } = await session.commit(batch, completed({ output: "done" }));

      expect(settled[0]?.nodes).toEqual([nodeId("sender"), nodeId("watcher")]);
      const outcome = { kind: "completed", runId: batch.fence.runId, position: 1, output: "done" };
      expect(await watch("watcher")).toEqual({ kind: "settled", outcome });
    }),
  );

  it(
    "keeps watchers over attempts",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept();
      await session.store.ledger.watch({ ref: session.ref, inputId, node: nodeId("watcher") });
      const first = await session.stage();
      await session.commit(first, RELEASED);

      const { settled } = await session.commit(await session.stage());

      expect(settled[0]?.nodes).toEqual([nodeId("watcher")]);
    }),
  );

  it(
    "answers for every way to end: without output, failed, displaced, ended with its generation",
    withSession(openStore, async (session) => {
      const silent = await session.accept();
      const broken = await session.accept();
      const batch = await session.stageNext(await session.stage());
      await session.commit(batch, failed({ isRetryable: false }));
      const ended = await session.accept();
      await session.apply("reset");
      const watch = ({ inputId }: { inputId: (typeof silent)["inputId"] }) =>
        session.store.ledger.watch({ ref: session.ref, inputId, node: nodeId("watcher") });

      expect(await watch(silent)).toMatchObject({ outcome: { kind: "completed_without_result", position: 1 } });
      expect(await watch(broken)).toMatchObject({
        outcome: { reason: "max_attempts_exhausted", failure: { code: "model.refused" } },
      });
      const outcome = { kind: "abandoned", reason: "reset", attempts: 0 };
      expect(await watch(ended)).toEqual({ kind: "settled", outcome });
      const steps = await session.settleChores();
      expect(steps.flatMap(({ settled }) => settled)).toEqual([{ inputId: ended.inputId, outcome, nodes: [] }]);
      expect(await watch(ended)).toEqual({ kind: "settled", outcome });
    }),
  );

  it(
    "says what is missing",
    withSession(openStore, async (session) => {
      const { ledger } = session.store;
      const inputId = session.ids.input();

      expect(await ledger.watch({ ref: session.ref, inputId, node: null })).toEqual({ kind: "missing", phase: "idle" });
      expect(await ledger.watch({ ref: sessionRef("nowhere"), inputId, node: null })).toEqual({
        kind: "missing",
        phase: null,
      });
    }),
  );

  it(
    "tells followers of a session as long as they asked to be told",
    withSession(openStore, async (session) => {
      const { directory } = session.store;
      const follow = (name: string, forMs: number) => directory.follow({ ref: session.ref, node: nodeId(name), forMs });
      expect(await follow("one", 1_000)).toEqual({ kind: "following", cursor: 1 });
      await follow("two", 60_000);
      await follow("one", 2_000);
      expect((await session.accept()).followers).toEqual([nodeId("two"), nodeId("one")]);

      await session.advanceTime(2_000);

      expect(as(await session.claim(), "staged")).toMatchObject({ followers: [nodeId("two")] });
      expect(await directory.follow({ ref: sessionRef("nowhere"), node: nodeId("one"), forMs: 1 })).toEqual({
        kind: "missing",
      });
    }),
  );
}
