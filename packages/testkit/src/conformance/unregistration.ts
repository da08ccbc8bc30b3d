/** The suite of the `Unregistration` port; its promises are D4 to D8. */
import type { EpochId, InputId, Obligation, RequestId } from "@holdfast/contracts";
import type { CloseCommand } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { binding, completed, event, failed, prompt, worker } from "../fixtures/commands.ts";
import { nodeId, sessionRef } from "../fixtures/ids.ts";
import { as, idsOf, outcomesOf } from "../fixtures/session-driver.ts";
import { moveOperation, openRegistry, registerOperation } from "./operations/registry.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every removal of a session promises. */
export function describeUnregistration(openStore: StoreFactory): void {
  describe("unregistration", () => {
    describePhases(openStore);
    describeForce(openStore);
    describeRemoval(openStore);
    describeLeftBehind(openStore);
  });
}

/** What must not outlive a removal, and what must. */
function describeLeftBehind(openStore: StoreFactory): void {
  it(
    "ends the operations of a session that has no inputs, and whoever comes after it begins another life [D5, O11]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await registerOperation(session, registry, "a");
      await registerOperation(session, registry, "b");
      await moveOperation(session, registry, "b", { action: "cancel", outcome: '{"kind":"cancelled"}' });

      await remove(session);
      await session.register();

      const { operations, operationArchive: archive } = session.store;
      expect([await archive.findRegistry(session.ref), await archive.list(session.ref)]).toEqual([null, []]);
      const epochId = "epo_2" as EpochId;
      const opened = await operations.open({ ref: session.ref, epochId, node: nodeId("first"), fromSlot: 0 });
      expect(opened).toMatchObject({ kind: "open", epochId, watermark: 0, owned: 0 });
    }),
  );

  it(
    "ends an operation that was begun after everything else had ended, before the session is removed [D5]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await begin(session);
      while ((await close(session, "waiters")).kind === "chores") await session.settleChores();
      const late = await openRegistry(session, "epo_2");
      expect(late.epochId).not.toBe(registry.epochId);
      await registerOperation(session, late, "late");

      expect(await commit(session)).toEqual({ kind: "chores" });
      const steps = await session.settleChores();
      as(await commit(session), "removed");

      expect(steps.flatMap(({ ended }) => ended)).toMatchObject([{ operationId: "late" }]);
      await session.register();
      expect(await session.store.operationArchive.list(session.ref)).toEqual([]);
    }),
  );

  it(
    "lists a session with open dead letters again when it comes back [D53]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.commit(await session.stage(), failed({ isRetryable: false }));
      const listed = async () => {
        const query = { tenantId: session.ref.tenantId, after: null, limit: 10 };
        return (await session.store.deadLetters.listSessions(query)).sessions.length;
      };
      expect(await listed()).toBe(1);

      await remove(session);
      expect(await listed()).toBe(0);
      await session.register();

      expect(await listed()).toBe(1);
      expect(await session.store.directory.find(session.ref)).toMatchObject({ deadLetters: 1 });
    }),
  );
}

const FIRST = "operator's order 1" as RequestId;
const WAIT_MS = 30_000;

function begin({ store, ref }: SessionUnderTest, requestId = FIRST) {
  return store.unregistration.begin({ ref, requestId });
}

function close({ store, ref }: SessionUnderTest, obligation: Obligation, by: CloseCommand["by"] = "note") {
  return store.unregistration.close({ ref, obligation, by });
}

function commit({ store, ref }: SessionUnderTest) {
  return store.unregistration.commit(ref);
}

/** A session at rest, removed. */
async function remove(session: SessionUnderTest, requestId = FIRST) {
  await begin(session, requestId);
  while ((await close(session, "waiters")).kind === "chores") await session.settleChores();
  return as(await commit(session), "removed").report;
}

function describePhases(openStore: StoreFactory): void {
  it(
    "opens what a session at work owes, and names who works on it [D5]",
    withSession(openStore, async (session) => {
      await session.accept();
      const { fence } = await session.stage();

      expect(await begin(session)).toMatchObject({
        kind: "draining",
        isJoined: false,
        obligations: { loop: "open", drain: "closed", waiters: "open" },
        holder: { node: session.worker.node, runId: fence.runId },
      });
    }),
  );

  it(
    "lets what is staged commit, and stages, admits and registers nothing new [D4]",
    withSession(openStore, async (session) => {
      const [a, b] = [await session.accept(), await session.accept()];
      const batch = await session.stage();
      await begin(session);

      const { next } = await session.commit(batch, completed(), { keep: true });

      expect(next.kind).not.toBe("staged");
      expect(await session.admit()).toEqual({ kind: "refused", phase: "draining" });
      expect(await session.claim()).toMatchObject({ kind: "idle" });
      for (const wanted of [null, binding()]) {
        expect(
          await session.store.directory.register({ ...session, binding: wanted, settings: null, mayRevive: true }),
        ).toEqual({ kind: "refused", phase: "draining", open: ["loop", "waiters"] });
      }
      expect((await session.input(a.inputId)).status).toBe("consumed");
      expect((await session.input(b.inputId)).status).toBe("queued");
    }),
  );

  it(
    "is joined, and refuses to commit while something is open [D5] [D6]",
    withSession(openStore, async (session) => {
      await session.accept();
      const batch = await session.stage();
      await begin(session);

      expect(await begin(session, "another" as RequestId)).toMatchObject({ isJoined: true, requestId: FIRST });
      expect(await close(session, "loop")).toEqual({ kind: "open", until: session.now() + WAIT_MS });
      expect(await close(session, "waiters")).toMatchObject({ kind: "open" });
      expect(await commit(session)).toEqual({ kind: "open", obligations: ["loop", "waiters"] });

      await session.commit(batch);
      expect(await close(session, "loop")).toMatchObject({ kind: "noted", status: "closed" });
      expect(await close(session, "loop")).toEqual({ kind: "ignored" });
      expect(await commit(session)).toEqual({ kind: "open", obligations: ["waiters"] });
      expect(await close(session, "waiters")).toMatchObject({ kind: "noted", status: "closed" });
      expect(await commit(session)).toMatchObject({ kind: "removed", report: { inputsAbandoned: 0 } });
    }),
  );

  it(
    "is due until it is over, so that whoever dies is succeeded [D5]",
    withSession(openStore, async (session) => {
      await session.accept();
      const { fence } = await session.stage();
      await begin(session);
      for (let spent = 0; spent < WAIT_MS; spent += 5_000) {
        await session.advanceTime(5_000);
        await session.store.ledger.renew([{ ref: session.ref, claimId: fence.claimId }]);
      }

      expect(await session.dueAt()).toBe(session.now());
      expect(await session.store.ledger.inspectDue(session.ref)).toEqual({ kind: "unregistering" });
      await close(session, "loop", "check");
      expect(await session.dueAt()).toBe(session.now() + 500);
    }),
  );

  it(
    "stops in between without coming back to life: it is still on its way out [D4]",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept();
      await session.stage();
      await begin(session);

      const { report } = await session.apply("stop");

      expect(report).toMatchObject({ phaseBefore: "draining", phaseAfter: "draining", inputsAbandoned: 1 });
      expect(await close(session, "loop", "check")).toMatchObject({ kind: "noted", status: "closed" });
      await session.settleChores();
      expect((await session.input(inputId)).outcome).toMatchObject({ reason: "stopped" });
      await close(session, "waiters");
      expect(await commit(session)).toMatchObject({ kind: "removed" });
    }),
  );
}

function describeForce(openStore: StoreFactory): void {
  it(
    "ends a run by force: fences it and names whom to tell [D5]",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept();
      const batch = await session.stage();
      const { runId } = batch.fence;
      await begin(session);

      const reply = as(await close(session, "loop", "force"), "noted");

      expect(reply).toMatchObject({
        status: "forced",
        abort: { node: session.worker.node, runId, reason: "stopped" },
      });
      expect(await session.advance(batch)).toEqual({ kind: "fenced" });
      expect(await close(session, "waiters")).toMatchObject({ kind: "chores" });
      expect(outcomesOf((await session.settleChores()).flatMap(({ settled }) => settled))).toMatchObject({
        [inputId]: { kind: "abandoned", reason: "unregistered" },
      });
      await close(session, "waiters");
      expect(as(await commit(session), "removed").report).toEqual({
        wasRegistered: true,
        phaseBefore: "idle",
        inputsAbandoned: 1,
        abortedRunId: runId,
        obligations: { loop: "forced", drain: "closed", waiters: "closed" },
      });
    }),
  );

  it(
    "waits for a run for a while only, and not for a holder that is dead [D5]",
    withSession(openStore, async (session) => {
      await session.accept();
      const { fence } = await session.stage();
      await begin(session);
      for (let spent = 0; spent < WAIT_MS; spent += 5_000) {
        expect(await close(session, "loop", "check")).toMatchObject({ kind: "open" });
        await session.store.ledger.renew([{ ref: session.ref, claimId: fence.claimId }]);
        await session.advanceTime(5_000);
      }
      expect(await close(session, "loop", "check")).toMatchObject({ status: "forced", abort: { runId: fence.runId } });
    }),
  );

  it(
    "buries a dead holder at once [D5]",
    withSession(openStore, async (session) => {
      await session.accept();
      const batch = await session.stage();
      await begin(session);
      await session.advanceTime(10_000);

      expect(await close(session, "loop", "check")).toMatchObject({ status: "forced", abort: null });
      expect(await session.advance(batch)).toEqual({ kind: "fenced" });
    }),
  );
}

function describeRemoval(openStore: StoreFactory): void {
  it(
    "ends what is left in bounded steps, and tells its waiters [D7]",
    withSession(openStore, async (session) => {
      const ids: InputId[] = [];
      for (let n = 0; n < 250; n += 1) {
        const lane = n % 2 === 0 ? "steer" : "queue";
        ids.push((await session.accept({ input: event("tick", { lane }), replyTo: nodeId("sender") })).inputId);
      }
      await begin(session);

      expect(await close(session, "waiters")).toMatchObject({ kind: "chores" });
      expect(await commit(session)).toEqual({ kind: "open", obligations: ["waiters"] });
      const settled = (await session.settleChores()).flatMap((step) => step.settled);

      expect(settled.map(({ inputId }) => inputId).sort()).toEqual(ids.sort());
      expect(settled.every(({ nodes }) => nodes[0] === nodeId("sender"))).toBe(true);
      await close(session, "waiters");
      expect(as(await commit(session), "removed").report.inputsAbandoned).toBe(250);
    }),
  );

  it(
    "leaves nothing that any call would find, but for receipts and how inputs ended [D6] [D8]",
    withSession(openStore, async (session) => {
      const { store, ref } = session;
      const { inputId } = await session.accept({ key: "once" });
      const { fence } = await session.commitOne();

      await remove(session);

      const page = { after: 0, limit: 10 };
      expect(await store.directory.find(ref)).toBeNull();
      expect((await store.directory.list({ tenantId: ref.tenantId, after: null, limit: 10 })).sessions).toEqual([]);
      expect(await session.admit()).toEqual({ kind: "missing" });
      expect(await session.claim()).toEqual({ kind: "missing" });
      expect(await session.control("stop")).toEqual({ kind: "missing" });
      expect(await store.control.interrupt({ ref, requestId: FIRST, runId: null, mode: "interrupt" })).toEqual({
        kind: "missing",
      });
      expect(await store.archive.explainFacts(ref)).toBeNull();
      expect(await store.archive.findInput(ref, inputId)).toBeNull();
      expect((await store.archive.listInputs(ref, page)).items).toEqual([]);
      expect(await store.archive.findState(ref)).toBeNull();
      expect(await store.directory.follow({ ref, node: nodeId("reader"), forMs: 1_000 })).toEqual({ kind: "missing" });
      expect(await store.directory.configure(ref, { silentIntents: [] })).toBeNull();
      expect(await close(session, "loop")).toEqual({ kind: "ignored" });
      expect(await commit(session)).toEqual({ kind: "ignored" });
      expect(await session.dueAt()).toBeNull();

      expect(await store.archive.findReceipt(ref, { runId: fence.runId, sequence: 1 })).toMatchObject({ position: 1 });
      expect(await store.ledger.watch({ ref, inputId, node: null })).toMatchObject({
        kind: "missing",
        phase: null,
        outcome: { kind: "completed_without_result" },
      });
      const { items } = await store.archive.listEvents(ref, page);
      expect(items.at(-1)?.event).toEqual({ type: "session.unregistered" });
    }),
  );

  it(
    "comes back with its ledger: inputs, keys, receipts, order of admission [D8]",
    withSession(openStore, async (session) => {
      const first = await session.accept({ key: "once", input: prompt("once") });
      await session.commitOne();
      const left = await session.accept({ key: "left" });
      await remove(session);

      const again = await session.store.directory.register({
        ref: session.ref,
        binding: binding(),
        settings: null,
        mayRevive: false,
      });

      expect(again).toMatchObject({ kind: "created", phase: "idle" });
      expect(await session.admit({ key: "once", input: prompt("once") })).toMatchObject({
        kind: "deduplicated",
        existingId: first.inputId,
        status: "consumed",
      });
      expect((await session.input(left.inputId)).outcome).toMatchObject({ reason: "unregistered" });
      const next = await session.accept();
      expect(next.admission).toBe(3);
      const batch = await session.stage({ as: worker("second") });
      expect([idsOf(batch), batch.position]).toEqual([[next.inputId], 1]);
      const { sessions } = await session.store.directory.list({ ...session.ref, after: null, limit: 10 });
      expect(sessions).toEqual([{ sessionId: session.ref.sessionId }]);
    }),
  );

  it(
    "returns the first report for the same request id, also after the session came back [D6]",
    withSession(openStore, async (session) => {
      await session.accept();
      const report = await remove(session);

      expect(await begin(session)).toEqual({ kind: "removed", report });
      await session.register();
      expect(await begin(session)).toEqual({ kind: "removed", report });
      expect(await session.store.directory.find(session.ref)).toMatchObject({ phase: "idle" });
    }),
  );

  it(
    "knows nothing of an unknown session, and leaves a destroyed one to its tombstone",
    withSession(openStore, async (session) => {
      const { unregistration } = session.store;
      expect(await unregistration.begin({ ref: sessionRef("nowhere"), requestId: FIRST })).toEqual({ kind: "missing" });
      await begin(session);
      await session.apply("destroy");

      expect(await begin(session)).toEqual({ kind: "refused", phase: "destroyed" });
      expect(await commit(session)).toEqual({ kind: "ignored" });
      await session.settleChores();
      expect(await session.dueAt()).toBeNull();
    }),
  );
}
