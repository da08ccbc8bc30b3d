import { KEPT_SCOPES } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { admitCommand, completed, event, idOfKey, operation, progress, prompt } from "../../fixtures/commands.ts";
import { nodeId, sessionRef } from "../../fixtures/ids.ts";
import { idsOf } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";

/** One key, one input (L1). */
export function describeAdmission(openStore: StoreFactory): void {
  describe("admission", () => {
    it(
      "answers a repeated key with the first input and leaves nothing but an event [L1]",
      withSession(openStore, async (session) => {
        const { ref, ids, store } = session;
        const { inputId } = await session.accept({ key: "a" });
        const before = { record: await store.directory.find(ref), inputs: await session.inputs() };
        const cursor = (before.record?.cursor ?? 0) + 1;
        const own = ids.input();

        const again = await session.admit({ key: "a", id: own });

        expect(again).toMatchObject({
          kind: "deduplicated",
          existingId: inputId,
          admission: 1,
          status: "queued",
          followers: [],
          cursor,
        });
        expect(await store.directory.find(ref)).toEqual({ ...before.record, cursor });
        expect(await session.inputs()).toEqual(before.inputs);
        const { items } = await store.archive.listEvents(ref, { after: cursor - 1, limit: 10 });
        expect(items).toMatchObject([{ event: { type: "input.deduplicated", inputId: own, existingId: inputId } }]);
      }),
    );

    it(
      "leaves no event of a key that comes with another payload [L1]",
      withSession(openStore, async (session) => {
        const { ref, store } = session;
        await session.accept({ key: "a", input: prompt("one") });
        const before = await store.directory.find(ref);

        await session.admit({ key: "a", input: prompt("two") });

        expect(await store.directory.find(ref)).toEqual(before);
      }),
    );

    it(
      "refuses the same key with another payload and names its owner [L1]",
      withSession(openStore, async (session) => {
        const first = await session.accept({ key: "a", input: prompt("one") });

        const other = await session.admit({ key: "a", input: prompt("two") });

        expect(other).toEqual({ kind: "mismatch", existingId: first.inputId });
        expect(await session.inputs()).toHaveLength(1);
      }),
    );

    it(
      "answers a repeated id without a key [L1]",
      withSession(openStore, async (session) => {
        const id = session.ids.input();
        await session.accept({ id });

        expect(await session.admit({ id })).toMatchObject({ kind: "deduplicated", existingId: id });
        expect(await session.admit({ id, input: prompt("other") })).toEqual({ kind: "mismatch", existingId: id });
      }),
    );

    it(
      "finds the owner of a key that was sent with an id of its own [L1]",
      withSession(openStore, async (session) => {
        const first = await session.accept({ key: "a", id: session.ids.input() });

        expect(await session.admit({ key: "a" })).toMatchObject({ kind: "deduplicated", existingId: first.inputId });
        expect(await session.admit({ key: "a", id: session.ids.input() })).toMatchObject({
          kind: "deduplicated",
          existingId: first.inputId,
        });
      }),
    );

    it(
      "finds the owner of a key for a sender with an id of its own [L1]",
      withSession(openStore, async (session) => {
        const first = await session.accept({ key: "a" });

        const other = await session.admit({ key: "a", id: session.ids.input() });

        expect(first.inputId).toBe(idOfKey(session.ref, "a"));
        expect(other).toMatchObject({ kind: "deduplicated", existingId: first.inputId });
      }),
    );

    it(
      "gives a repeat its first answer after the input has ended, and in every phase but destroyed [L1]",
      withSession(openStore, async (session) => {
        await session.accept({ key: "a" });
        await session.commit(await session.stage());
        const repeat = { kind: "deduplicated", admission: 1, status: "consumed" };

        for (const verb of ["retire", "stop"] as const) {
          await session.apply(verb);
          expect(await session.admit({ key: "a" })).toMatchObject(repeat);
        }
        await session.apply("destroy");

        expect(await session.admit({ key: "a" })).toEqual({ kind: "refused", phase: "destroyed" });
      }),
    );

    it(
      "numbers admissions densely, and by the moment they were made [L1]",
      withSession(openStore, async (session) => {
        for (const key of ["a", "b", "a", "c"]) await session.admit({ key });

        const inputs = await session.inputs();

        expect(inputs.map(({ admission }) => admission)).toEqual([1, 2, 3]);
        expect(inputs.map(({ inputId }) => inputId)).toEqual(["a", "b", "c"].map((key) => idOfKey(session.ref, key)));
      }),
    );

    it(
      "keeps payload, policy and time of an input as they were sent [L1]",
      withSession(openStore, async (session) => {
        const text = 'quotes " and newlines\n and | pipes , commas; ünïcödé 🙂';

        const { inputId } = await session.accept({ input: prompt(text) });

        const input = await session.input(inputId);
        expect(JSON.parse(input.payload)).toMatchObject({ kind: "prompt", text });
        expect(input).toMatchObject({ admittedAt: session.now(), runId: null, outcome: null, attempts: 0 });
        expect(input.policy).toMatchObject({ lane: "queue", wake: "wake_if_idle", consume: "on_run_complete" });
        expect((await session.stage()).inputs[0]?.payload).toBe(input.payload);
      }),
    );

    it("refuses what the phase refuses, and sends what it must", withSession(openStore, refusesByPhase));

    it(
      "answers with the current settings when the policy was resolved with old ones",
      withSession(openStore, async (session) => {
        await session.store.directory.configure(session.ref, { silentIntents: ["gossip"] });

        expect(await session.admit()).toEqual({
          kind: "stale_settings",
          revision: 1,
          settings: { silentIntents: ["gossip"] },
        });
        expect(await session.accept({ settingsRevision: 1 })).toMatchObject({ admission: 1 });
      }),
    );

    it(
      "picks the column by whether a run is in progress",
      withSession(openStore, async (session) => {
        const atRest = await session.accept({ input: event("a", { lane: "steer" }) });
        await session.stage();
        const during = await session.accept({ input: event("b", { lane: "steer" }) });

        expect(atRest).toMatchObject({ column: "idle", wake: { signal: "immediate", node: null, executor: "agent" } });
        expect(during).toMatchObject({ column: "live", wake: { signal: "immediate", node: session.worker.node } });
        expect((await session.input(during.inputId)).policy).toMatchObject({ wake: "none", endsYieldingWait: true });
      }),
    );

    it(
      "sends nothing during a run unless attention is asked for",
      withSession(openStore, async (session) => {
        await session.accept();
        await session.stage();

        expect(await session.accept()).toMatchObject({ column: "live", wake: { signal: "none" } });
      }),
    );

    it(
      "takes a run whose lease has ended for no run",
      withSession(openStore, async (session) => {
        await session.accept();
        await session.stage();
        await session.advanceTime(10_000);

        expect(await session.accept()).toMatchObject({ column: "idle", wake: { signal: "wake" } });
      }),
    );

    it(
      "names the worker that has the session warm",
      withSession(openStore, async (session) => {
        await session.accept();
        await session.commit(await session.stage());

        expect(await session.accept()).toMatchObject({ wake: { node: session.worker.node } });
        await session.advanceTime(60_000);
        expect(await session.accept()).toMatchObject({ wake: { node: null } });
      }),
    );

    it("consumes an announcement on admission and wakes nobody", withSession(openStore, consumesOnAdmission));
  });

  describe("displacement", () => {
    describeDisplacement(openStore);
  });
}

async function refusesByPhase(session: SessionUnderTest): Promise<void> {
  await session.apply("retire");
  expect(await session.admit()).toEqual({ kind: "refused", phase: "retired" });
  await session.apply("stop");
  expect(await session.admit()).toEqual({ kind: "refused", phase: "stopped" });
  await session.apply("destroy");
  expect(await session.admit()).toEqual({ kind: "refused", phase: "destroyed" });
  const elsewhere = admitCommand(sessionRef("nowhere"), session.ids);
  expect(await session.store.ledger.admit(elsewhere)).toEqual({ kind: "missing" });
}

async function consumesOnAdmission(session: SessionUnderTest): Promise<void> {
  const reply = await session.accept({ input: operation("build"), replyTo: nodeId("sender") });

  expect(reply).toMatchObject({ status: "consumed", wake: { signal: "none" }, displaced: [] });
  expect(await session.input(reply.inputId)).toMatchObject({
    outcome: { kind: "completed_without_result" },
    runId: null,
  });
  expect(await session.dueAt()).toBeNull();
  expect(await session.claim()).toMatchObject({ kind: "idle", dueAt: null });
}

/** Newer inputs in the place of older ones. */
function describeDisplacement(openStore: StoreFactory): void {
  it(
    "coalesces reports of one scope while they wait, and tells whoever waited [L1]",
    withSession(openStore, async (session) => {
      const older = await session.accept({ input: progress("build"), replyTo: nodeId("sender") });
      const newer = await session.accept({ input: progress("build") });

      expect(newer.displaced).toEqual([
        {
          inputId: older.inputId,
          outcome: { kind: "coalesced", into: newer.inputId },
          nodes: [nodeId("sender")],
        },
      ]);
      expect(await session.input(older.inputId)).toMatchObject({ status: "coalesced" });
      await session.accept();
      expect(idsOf(await session.stage())).toEqual([newer.inputId]);
    }),
  );

  it(
    "remembers a scope of which something waits, however many came since [G14]",
    withSession(openStore, async (session) => {
      const { inputId: waiting } = await session.accept({ input: progress("build") });
      // Each ends the one before it, whose scope is not that of anything that waits then.
      for (let count = 0; count < 3 * KEPT_SCOPES; count += 1) {
        await session.accept({ input: event("tick", { scope: `${count}` }), queue: "replace" });
      }

      const { displaced } = await session.accept({ input: progress("build") });

      expect(displaced).toMatchObject([{ inputId: waiting }]);
    }),
  );

  it(
    "supersedes only within a scope, only where the policy says so, and only what is queued",
    withSession(openStore, async (session) => {
      const supersede = (scope: string) => session.accept({ input: event("tick", { scope }), queue: "supersede" });
      const a1 = await supersede("a");
      const b1 = await supersede("b");
      const a2 = await supersede("a");
      const plain = await session.accept({ input: event("tick", { scope: "a" }) });

      expect(a2.displaced).toMatchObject([{ outcome: { kind: "superseded", by: a2.inputId } }]);
      expect(plain.displaced).toEqual([]);
      expect(idsOf(await session.stage())).toEqual([b1, a2, plain].map(({ inputId }) => inputId));
      expect((await supersede("a")).displaced).toEqual([]);
      expect((await session.input(a1.inputId)).status).toBe("superseded");
    }),
  );

  it(
    "displaces an input that waits for its time",
    withSession(openStore, async (session) => {
      const later = { input: progress("build"), notBeforeAt: session.now() + 60_000 };
      const older = await session.accept(later);

      const newer = await session.accept({ input: progress("build") });

      expect(newer.displaced).toMatchObject([{ inputId: older.inputId }]);
      expect(await session.store.directory.find(session.ref)).toMatchObject({ scheduled: 0, queued: 1 });
    }),
  );

  it(
    "leaves what an ended generation left alone",
    withSession(openStore, async (session) => {
      await session.accept({ input: progress("build") });
      await session.apply("reset");

      const newer = await session.accept({ input: progress("build") });

      expect(newer.displaced).toEqual([]);
      await session.settleChores();
      const [old] = await session.inputs();
      expect(old).toMatchObject({ status: "abandoned", outcome: { reason: "reset" } });
    }),
  );

  it(
    "retries what is left of a run when a member of it was displaced between two attempts",
    withSession(openStore, async (session) => {
      const scoped = { input: event("a", { scope: "s" }), queue: "supersede" as const };
      const first = await session.accept(scoped);
      const second = await session.accept({ input: event("b") });
      const lost = await session.stage();
      await session.advanceTime(11_000);
      const other = await session.stage({ claimId: session.ids.claim() });
      await session.advance(other, { kind: "released" });
      const newer = await session.accept(scoped);

      const retry = await session.stage();

      expect(idsOf(lost)).toEqual([first.inputId, second.inputId]);
      expect(idsOf(retry)).toEqual([second.inputId]);
      expect(retry.fence.runId).toBe(lost.fence.runId);
      expect(idsOf(await session.stageNext(retry, completed()))).toEqual([newer.inputId]);
    }),
  );
}
