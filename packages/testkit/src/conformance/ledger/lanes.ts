import type { InputId, NewInput } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import {
  admitCommand,
  binding,
  completed,
  EXECUTOR,
  event,
  progress,
  prompt,
  RELEASED,
  worker,
} from "../../fixtures/commands.ts";
import { idsOf } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";

/** Which inputs are staged next (L2). */
export function describeLanes(openStore: StoreFactory): void {
  describe("lanes", () => {
    it(
      "stages prompts one by one, in the order of admission [L2]",
      withSession(openStore, async (session) => {
        const ids = await acceptAll(session, [prompt("1"), prompt("2"), prompt("3")]);

        expect(await drain(session)).toEqual(ids.map((id) => [id]));
      }),
    );

    it(
      "stages the leading inputs that are no prompts together [L2]",
      withSession(openStore, async (session) => {
        const [a, b, c, d] = await acceptAll(session, [event("a"), event("b"), prompt("c"), event("d")]);

        expect(await drain(session)).toEqual([[a, b], [c], [d]]);
      }),
    );

    it(
      "serves the steer lane before the queue lane, whatever was admitted first [L2]",
      withSession(openStore, async (session) => {
        const [a, b, c] = await acceptAll(session, [
          prompt("a"),
          event("b", { lane: "steer" }),
          event("c", { lane: "steer" }),
        ]);

        expect(await drain(session)).toEqual([[b, c], [a]]);
      }),
    );

    it(
      "keeps boundaries apart: what joins a turn at its start and what joins it later make two batches [L2]",
      withSession(openStore, async (session) => {
        const atStart = {
          kind: "peer",
          body: "x",
          source: { type: "peer", peerId: "p" },
          handlingMode: "steer",
        } as const;
        const [a, b] = await acceptAll(session, [event("a", { lane: "steer" }), atStart]);

        const first = await session.stage();
        const second = await session.stageNext(first);

        expect([first.boundary, second.boundary]).toEqual(["run_checkpoint", "run_start"]);
        expect([idsOf(first), idsOf(second)]).toEqual([[a], [b]]);
      }),
    );

    it(
      "takes leading prompts together where the executor does, and never with other kinds [L2]",
      withSession(openStore, async (session) => {
        const [a, b, c, d] = await acceptAll(session, [prompt("a"), prompt("b"), event("c"), prompt("d")]);

        const as = worker("first", { batching: [EXECUTOR] });

        expect(await drain(session, as)).toEqual([[a, b], [c], [d]]);
      }),
    );

    it(
      "takes no more inputs and no more bytes than the worker offers, but always one [L2]",
      withSession(openStore, async (session) => {
        const [a, b, c] = await acceptAll(session, [event("a"), event("b"), event("c")]);
        expect(idsOf(await session.stage({ as: worker("first", { maxInputs: 2 }) }))).toEqual([a, b]);
        await session.apply("stop");
        await session.settleChores();
        await session.register();

        const [d, e] = await acceptAll(session, [event("d"), event("e")]);

        expect(idsOf(await session.stage({ as: worker("first", { maxBytes: 10 }) }))).toEqual([d]);
        expect([c, e]).toHaveLength(2);
      }),
    );

    it(
      "counts bytes, not characters [L2]",
      withSession(openStore, async (session) => {
        const text = "€".repeat(1_000);
        const [a] = await acceptAll(session, [event(text.slice(0, 200)), event(text.slice(0, 200))]);

        // Two such payloads are under 1,500 characters and over 1,500 bytes.
        expect(idsOf(await session.stage({ as: worker("first", { maxBytes: 1_500 }) }))).toEqual([a]);
      }),
    );

    it(
      "counts what lies beside the ledger with its bytes [L2]",
      withSession(openStore, async (session) => {
        const { ref, ids } = session;
        const elsewhere = JSON.stringify({ $blob: "sha256-x", bytes: 5_000 });
        const admitted = [];
        for (let count = 0; count < 2; count += 1) {
          const command = admitCommand(ref, ids, { input: event("large") });
          await session.store.ledger.admit({ ...command, input: { ...command.input, payload: elsewhere } });
          admitted.push(command.input.id);
        }

        expect(idsOf(await session.stage({ as: worker("first", { maxBytes: 9_000 }) }))).toEqual([admitted[0]]);
      }),
    );

    it(
      "takes at most a hundred inputs at once [L2]",
      withSession(openStore, async (session) => {
        const ids = await acceptAll(
          session,
          Array.from({ length: 130 }, () => event("tick")),
        );

        const [first, second] = await drain(session, worker("first", { maxInputs: 1_000 }));

        expect(first).toEqual(ids.slice(0, 100));
        expect(second).toEqual(ids.slice(100));
      }),
    );

    it(
      "finds work behind a long stretch of inputs that wait for their time [L2, L6]",
      withSession(openStore, async (session) => {
        const notBeforeAt = session.now() + 3_600_000;
        for (let n = 0; n < 300; n += 1) await session.accept({ notBeforeAt });
        const [now] = await acceptAll(session, [prompt("now")]);

        expect(idsOf(await session.stage())).toEqual([now]);
      }),
    );

    describe("silent inputs", () => {
      describeSilence(openStore);
    });
    describe("inputs that wait for a time", () => {
      describeTime(openStore);
    });
  });
}

function describeSilence(openStore: StoreFactory): void {
  it(
    "lets a silent input wait until another one wakes the session, and stages it then [L2]",
    withSession(openStore, async (session) => {
      const silent = await session.accept({ input: event("a"), isWithoutWake: true });
      expect(silent.wake.signal).toBe("none");
      expect(await session.dueAt()).toBeNull();
      expect(await session.claim()).toMatchObject({ kind: "idle", dueAt: null });

      const waking = await session.accept({ input: event("b") });

      expect(idsOf(await session.stage())).toEqual([silent.inputId, waking.inputId]);
    }),
  );

  it(
    "comes to rest with only silent inputs left [L2]",
    withSession(openStore, async (session) => {
      await session.accept();
      const batch = await session.stage();
      await session.accept({ input: progress("build") });

      const { next } = await session.commit(batch, completed(), { keep: true });

      expect(next).toEqual({ kind: "idle", dueAt: null });
      expect((await session.store.archive.explainFacts(session.ref))?.waking).toBe(0);
    }),
  );

  it(
    "takes a silent input that was handed out once for a waking one from then on [L2, L6]",
    withSession(openStore, async (session) => {
      await session.accept({ input: event("a"), isWithoutWake: true });
      await session.accept({ input: event("b") });
      const batch = await session.stage();

      await session.commit(batch, RELEASED);

      expect(idsOf(await session.stage())).toEqual(idsOf(batch));
    }),
  );
}

function describeTime(openStore: StoreFactory): void {
  it(
    "stages an input once its time has come, not before [L2]",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept({ notBeforeAt: session.now() + 1_000 });
      expect(await session.claim()).toMatchObject({ kind: "idle", dueAt: session.now() + 1_000 });

      await session.advanceTime(1_000);

      expect(idsOf(await session.stage())).toEqual([inputId]);
    }),
  );

  it(
    "returns it to the place it was admitted to [L2]",
    withSession(openStore, async (session) => {
      const timed = await session.accept({ notBeforeAt: session.now() + 1_000 });
      const [a, b] = await acceptAll(session, [prompt("a"), prompt("b")]);
      const first = await session.stage();

      await session.advanceTime(1_000);
      const second = await session.stageNext(first);
      const third = await session.stageNext(second);

      expect([first, second, third].map(idsOf)).toEqual([[a], [timed.inputId], [b]]);
    }),
  );

  it(
    "stages inputs of the same time in the order of admission [L2]",
    withSession(openStore, async (session) => {
      const notBeforeAt = session.now() + 1_000;
      const ids: InputId[] = [];
      for (let n = 0; n < 12; n += 1) ids.push((await session.accept({ input: event(`${n}`), notBeforeAt })).inputId);

      await session.advanceTime(1_000);

      expect(idsOf(await session.stage())).toEqual(ids);
    }),
  );

  it(
    "keeps the exact set of a run when an input returns between its members [L2, L5]",
    withSession(
      openStore,
      async (session) => {
        const first = await session.accept({ input: event("a") });
        const timed = await session.accept({ input: event("b"), notBeforeAt: session.now() + 1_000 });
        const last = await session.accept({ input: event("c") });
        const batch = await session.stage();
        await session.commit(batch, RELEASED);
        await session.advanceTime(1_000);

        const retry = await session.stage({ as: worker("first", { maxInputs: 1 }) });
        const next = await session.stageNext(retry);

        expect(retry.fence.runId).toBe(batch.fence.runId);
        expect(idsOf(retry)).toEqual([first.inputId, last.inputId]);
        expect(idsOf(next)).toEqual([timed.inputId]);
        expect(next.fence.runId).not.toBe(batch.fence.runId);
      },
      { binding: binding("defer") },
    ),
  );

  it(
    "lets a silent input whose time has come wait for a wake [L2]",
    withSession(openStore, async (session) => {
      const silent = await session.accept({ notBeforeAt: session.now() + 1_000, isWithoutWake: true });
      await session.advanceTime(1_000);
      expect(await session.claim()).toMatchObject({ kind: "idle" });

      const waking = await session.accept();

      expect(idsOf(await session.stage())).toEqual([silent.inputId]);
      expect(waking.admission).toBe(2);
    }),
  );
}

async function acceptAll(session: SessionUnderTest, inputs: readonly NewInput[]): Promise<InputId[]> {
  const ids: InputId[] = [];
  for (const input of inputs) ids.push((await session.accept({ input })).inputId);
  return ids;
}

/** Runs the session until nothing is left; answers the batches. */
async function drain(session: SessionUnderTest, as = session.worker): Promise<(readonly InputId[])[]> {
  let batch = await session.stage({ as });
  const batches = [idsOf(batch)];
  for (;;) {
    const { next } = await session.commit(batch, completed(), { as, keep: true });
    if (next.kind !== "staged") return batches;
    batch = next.batch;
    batches.push(idsOf(batch));
  }
}
