import type { InputId, NewInput } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { event, worker } from "../../fixtures/commands.ts";
import { nodeId } from "../../fixtures/ids.ts";
import { as, idsOf, outcomesOf } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";
import { NOTHING } from "./expectations.ts";

/** Proves that a session is rebuilt without what need not survive (C6). */
export function describeDrops(openStore: StoreFactory): void {
  for (const verb of ["recover", "recycle"] as const) {
    it(
      `ends ephemeral and derived inputs on ${verb}, counts them, and keeps the others in order [C6]`,
      withSession(openStore, async (session) => {
        const { kept, passing } = await admitMixed(session);

        const { report } = await session.apply(verb);

        const count = verb === "recover" ? { inputsRecovered: 2 } : { inputsTransferred: 2 };
        expect(report).toMatchObject({ ...NOTHING, ...count, inputsDropped: 3 });
        for (const inputId of passing) {
          expect(await session.input(inputId)).toMatchObject({
            status: "abandoned",
            outcome: { kind: "abandoned", reason: "dropped" },
          });
        }
        const batch = await session.stage();
        expect([idsOf(batch), idsOf(await session.stageNext(batch))]).toEqual(kept.map((inputId) => [inputId]));
      }),
    );
  }

  it(
    "ends them when the session is claimed over a dead holder, and tells who waits [C6]",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept();
      await session.stage();
      const passing = await session.accept({ input: ephemeral(), replyTo: nodeId("sender") });
      await session.advanceTime(10_000);

      const claimed = as(await session.claim({ as: worker("second") }), "staged");

      expect(outcomesOf(claimed.settled)).toEqual({
        [passing.inputId]: { kind: "abandoned", reason: "dropped", attempts: 0 },
      });
      expect(claimed.settled[0]?.nodes).toEqual([nodeId("sender")]);
      expect(idsOf(claimed.batch)).toEqual([inputId]);
    }),
  );

  it(
    "ends those too whose time came while the holder was dead: they enter no lane [C6]",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept();
      await session.stage();
      const notBeforeAt = session.now() + 5_000;
      const passing = await session.accept({ input: ephemeral(), notBeforeAt });
      const kept = await session.accept({ notBeforeAt });
      await session.advanceTime(10_000);

      const { batch } = as(await session.claim({ as: worker("second") }), "staged");

      expect(idsOf(batch)).toEqual([inputId]);
      expect(await session.store.directory.find(session.ref)).toMatchObject({ queued: 1, scheduled: 0 });
      expect(idsOf(await session.stageNext(batch))).toEqual([kept.inputId]);
      expect(await session.input(passing.inputId)).toMatchObject({ outcome: { reason: "dropped" } });
    }),
  );

  it(
    "keeps them while nobody dies: an orderly hand-back and a commit drop nothing [C6]",
    withSession(openStore, async (session) => {
      await session.accept();
      const { inputId } = await session.accept({ input: ephemeral() });
      const batch = await session.stage();

      await session.commit(batch);

      expect(idsOf(await session.stage())).toEqual([inputId]);
    }),
  );

  it(
    "takes a lost batch apart of which some need not survive: a run belongs to exactly its set [C6]",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept({ input: event("kept") });
      const passing = await session.accept({ input: ephemeral() });
      const batch = await session.stage({ as: worker("first") });
      await session.advanceTime(10_000);

      const retry = as(await session.claim({ as: worker("second") }), "staged");

      expect(idsOf(batch)).toEqual([inputId, passing.inputId]);
      expect(idsOf(retry.batch)).toEqual([inputId]);
      expect(retry.batch.fence.runId).not.toBe(batch.fence.runId);
    }),
  );

  it(
    "finds them among hundreds in bounded steps, and takes nothing up before the last is found [C6]",
    withSession(openStore, async (session) => {
      const passing: InputId[] = [];
      for (let n = 0; n < 450; n += 1) {
        const isPassing = n % 3 === 0;
        const notBeforeAt = n % 5 === 4 ? session.now() + 3_600_000 + n : 0;
        const input: NewInput = isPassing ? ephemeral(n % 2 === 0 ? "steer" : "queue") : event("kept");
        const { inputId } = await session.accept({ input, notBeforeAt });
        if (isPassing) passing.push(inputId);
      }

      const { report, settled, hasChores } = await session.apply("recover");
      const newer = await session.accept({ input: ephemeral() });
      const ended = settled.map(({ inputId }) => inputId);
      expect(await session.claim()).toEqual({ kind: "chores" });
      for (const step of await session.settleChores()) {
        expect(step.settled.length).toBeLessThanOrEqual(100);
        ended.push(...step.settled.map(({ inputId }) => inputId));
      }

      expect(report).toMatchObject({ inputsDropped: passing.length, inputsRecovered: 450 - passing.length });
      expect(hasChores).toBe(true);
      expect(new Set(ended)).toEqual(new Set(passing));
      expect(ended).toHaveLength(passing.length);
      expect((await session.input(newer.inputId)).status).toBe("queued");
    }),
  );
}

function ephemeral(lane: "queue" | "steer" = "queue"): NewInput {
  return { ...event("passing", { lane }), durability: "ephemeral" };
}

/** Two that are kept and three that are not: in both lanes, and waiting for a time. */
async function admitMixed(session: SessionUnderTest) {
  const accept = async (input?: NewInput, notBeforeAt = 0) => {
    return (await session.accept({ ...(input === undefined ? {} : { input }), notBeforeAt })).inputId;
  };
  const derived: NewInput = {
    kind: "continuation",
    reason: "go on",
    source: { type: "system" },
    durability: "derived",
  };
  const passing = [await accept(ephemeral("steer")), await accept(derived)];
  const first = await accept();
  passing.push(await accept(ephemeral(), session.now() + 60_000));
  return { kept: [first, await accept()], passing };
}
