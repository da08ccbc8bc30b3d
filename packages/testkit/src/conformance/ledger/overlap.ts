import type { NewInput, Overlap } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { suspended } from "../../fixtures/checkpoints.ts";
import { completed, prompt, RELEASED } from "../../fixtures/commands.ts";
import { as, idsOf } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";

const asking = (text: string, overlap: Overlap): NewInput => ({ kind: "prompt", text, overlap });

/** Accepts a prompt that asks for a policy. */
function ask(session: SessionUnderTest, overlap: Overlap, text = "new") {
  return session.accept({ input: asking(text, overlap) });
}

/** A run in progress, and a prompt queued behind it. */
async function busy(session: SessionUnderTest) {
  const current = await session.accept();
  const batch = await session.stage();
  const queued = await session.accept({ input: prompt("queued") });
  return { current, batch, queued };
}

async function cancelModeOf({ store, ref }: SessionUnderTest) {
  return (await store.archive.explainFacts(ref))?.run?.cancelMode ?? null;
}

async function eventTypes({ store, ref }: SessionUnderTest) {
  return (await store.archive.listEvents(ref, { after: 0, limit: 100 })).items.map(({ event }) => event.type);
}

/** Proves what an input does to work that is there, policy by policy. */
export function describeOverlap(openStore: StoreFactory): void {
  describe("overlap", () => {
    describePlaces(openStore);
    describeEnding(openStore);
    describeDisplacing(openStore);
    describeWaiting(openStore);
  });
}

function describePlaces(openStore: StoreFactory): void {
  it.each<readonly [overlap: Overlap, isFirst: boolean]>([
    ["queue", false],
    ["steer", true],
    ["interrupt", true],
    ["rollback", true],
    ["hold", false],
  ])("%s: is run before what is queued: %s [L2]", async (overlap, isFirst) => {
    await withSession(openStore, async (session) => {
      const { batch, queued } = await busy(session);
      const { inputId } = await ask(session, overlap);

      const next = await session.stageNext(batch, completed());

      expect(idsOf(next)).toEqual([isFirst ? inputId : queued.inputId]);
    })();
  });

  it(
    "steers into the run in progress, which a policy that ends it does not [T8]",
    withSession(openStore, async (session) => {
      const { batch } = await busy(session);
      const { liveRuns } = session.store;
      const look = (call: number) => ({
        ref: session.ref,
        fence: batch.fence,
        attempt: batch.attempt,
        call,
        callDigest: `look ${call}`,
        boundary: null,
        inbox: { maxInputs: 10, maxBytes: 1_000_000 },
      });
      const steering = await ask(session, "steer");

      const taken = as(await liveRuns.checkpoint(look(1)), "taken");
      await ask(session, "interrupt");

      expect(idsOf(taken)).toEqual([steering.inputId]);
      expect(as(await liveRuns.checkpoint(look(2)), "taken")).toMatchObject({ inputs: [], cancelMode: "interrupt" });
    }),
  );
}

function describeEnding(openStore: StoreFactory): void {
  it.each(["interrupt", "rollback"] as const)(
    "%s asks the run in progress to end, once for more than one",
    async (mode) => {
      await withSession(openStore, async (session) => {
        const { batch } = await busy(session);

        const asked = await ask(session, mode);

        const reason = mode === "rollback" ? "rolled_back" : "cancelled";
        expect(asked.abort).toMatchObject({ node: session.worker.node, runId: batch.fence.runId, reason });
        expect(await cancelModeOf(session)).toBe(mode);
        await ask(session, "interrupt");
        expect(await cancelModeOf(session)).toBe(mode);
        await ask(session, "rollback");
        expect(await cancelModeOf(session)).toBe("rollback");
      })();
    },
  );

  it.each(["interrupt", "rollback"] as const)(
    "%s: the run is not tried again, whatever becomes of it [N4]",
    async (mode) => {
      for (const settlement of [RELEASED, suspended({ on: { type: "approval", approvalId: "apr_1" } })]) {
        await withSession(openStore, async (session) => {
          const { current, batch } = await busy(session);
          const { inputId } = await ask(session, mode);

          const next = await session.stageNext(batch, settlement);

          expect(idsOf(next)).toEqual([inputId]);
          expect((await session.input(current.inputId)).outcome).toEqual({ kind: "cancelled", attempts: 1 });
          expect(await eventTypes(session)).toContain("run.rolled_back");
          expect(await session.store.archive.findState(session.ref)).toEqual({ state: null, position: 0 });
        })();
      }
    },
  );

  it(
    "ends nothing at rest",
    withSession(openStore, async (session) => {
      expect(await ask(session, "interrupt")).toMatchObject({ abort: null, column: "idle" });
      expect((await session.stage()).inputs).toHaveLength(1);
    }),
  );

  it(
    "what a run completed before it was asked stands; who asked is next",
    withSession(openStore, async (session) => {
      const { current, batch } = await busy(session);
      const { inputId } = await ask(session, "rollback");

      const next = await session.stageNext(batch, completed({ state: ["done"] }));

      expect(idsOf(next)).toEqual([inputId]);
      expect((await session.input(current.inputId)).outcome).toMatchObject({ position: 1 });
    }),
  );
}

function describeDisplacing(openStore: StoreFactory): void {
  it(
    "latest takes the place of all that is queued of its kind, and of nothing that runs",
    withSession(openStore, async (session) => {
      const { current, queued } = await busy(session);
      const second = await session.accept({ input: prompt("second") });

      const { inputId, displaced } = await ask(session, "latest");

      expect(displaced.map((input) => input.inputId)).toEqual([queued.inputId, second.inputId]);
      expect(displaced.map(({ outcome }) => outcome)).toEqual([
        { kind: "superseded", by: inputId },
        { kind: "superseded", by: inputId },
      ]);
      expect(await session.input(current.inputId)).toMatchObject({ status: "staged" });
    }),
  );

  it(
    "latest with a key takes the place of its key alone",
    withSession(openStore, async (session) => {
      const keyed = (text: string) => ({ ...asking(text, "latest"), supersessionKey: "weather" });
      const other = await session.accept({ input: prompt("other") });
      const first = await session.accept({ input: keyed("first") });

      const { displaced } = await session.accept({ input: keyed("second") });

      expect(displaced.map(({ inputId }) => inputId)).toEqual([first.inputId]);
      expect(await session.input(other.inputId)).toMatchObject({ status: "queued" });
    }),
  );

  it(
    "merge asks the sender for one input of two; both end in it, and it keeps their place in line",
    withSession(openStore, async (session) => {
      const { batch, queued } = await busy(session);
      const first = await ask(session, "merge", "first");
      const question = as(await session.admit({ input: asking("second", "merge") }), "mergeable");
      expect(question.queuedId).toBe(first.inputId);
      const id = session.ids.input();
      const merge = { queuedId: first.inputId, id, payload: '{"text":"both"}' };

      const second = await session.accept({ input: asking("second", "merge"), merge });

      expect(second).toMatchObject({ status: "coalesced", mergedInto: id });
      expect(await session.input(first.inputId)).toMatchObject({ outcome: { kind: "coalesced", into: id } });
      expect(await session.input(id)).toMatchObject({ status: "queued", payload: merge.payload });
      const next = await session.stageNext(batch, completed());
      expect(idsOf(next)).toEqual([queued.inputId]);
      expect(idsOf(await session.stageNext(next, completed()))).toEqual([id]);
    }),
  );

  it(
    "merge leaves what is declined, and what was tried, by itself",
    withSession(openStore, async (session) => {
      await ask(session, "merge", "first");
      const declined = await session.accept({ input: asking("second", "merge"), merge: "declined" });
      expect(declined).toMatchObject({ status: "queued", mergedInto: null });

      const batch = await session.stage();
      await session.commit(batch, RELEASED);
      await session.commit(await session.stage(), completed());
      const staged = await session.stage();
      await session.commit(staged, RELEASED);

      expect(idsOf(staged)).toEqual([declined.inputId]);
      expect(await session.admit({ input: asking("third", "merge") })).toMatchObject({ kind: "accepted" });
    }),
  );
}

function describeWaiting(openStore: StoreFactory): void {
  it(
    "debounce waits for its window, begun anew by the next one of its scope, and no longer than the longest wait",
    withSession(openStore, async (session) => {
      const debounced = { input: asking("new", { policy: "debounce", windowMs: 1_000 }) } as const;
      const times = { debounce: { windowMs: 1_000, maxWaitMs: 1_500 } };
      const begun = session.now();
      const first = await session.accept({ ...debounced, ...times });
      expect(await session.dueAt()).toBe(begun + 1_000);
      await session.advanceTime(900);

      const second = await session.accept({ ...debounced, ...times });

      expect(second.displaced).toMatchObject([{ inputId: first.inputId, outcome: { kind: "superseded" } }]);
      expect(await session.input(second.inputId)).toMatchObject({ notBeforeAt: begun + 1_500 });
      await session.advanceTime(599);
      expect(await session.claim()).toMatchObject({ kind: "idle" });
      await session.advanceTime(1);
      expect(idsOf(await session.stage())).toEqual([second.inputId]);
    }),
  );

  it(
    "drop is refused beside a run and beside what is queued, and nothing is written",
    withSession(openStore, async (session) => {
      const dropped = { input: asking("new", "drop"), key: "dropped" };
      await session.accept();
      const before = await eventTypes(session);
      expect(await session.admit(dropped)).toEqual({ kind: "busy", runId: null });
      expect(await eventTypes(session)).toEqual(before);
      const batch = await session.stage();
      expect(await session.admit(dropped)).toEqual({ kind: "busy", runId: batch.fence.runId });

      await session.commit(batch);

      expect(await session.admit(dropped)).toMatchObject({ kind: "accepted" });
      expect(await session.admit(dropped)).toMatchObject({ kind: "deduplicated" });
    }),
  );

  it(
    "hold waits for somebody else, whose coming wakes it too, in order [L2, L6]",
    withSession(openStore, async (session) => {
      const held = await ask(session, "hold");
      expect(held.wake.signal).toBe("none");
      expect(await session.dueAt()).toBeNull();
      expect(await session.claim()).toMatchObject({ kind: "idle" });

      await session.accept();

      expect(idsOf(await session.stage())).toEqual([held.inputId]);
    }),
  );
}
