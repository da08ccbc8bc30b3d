import { expect, it } from "vitest";
import { adopted, checkpointCommand, suspended } from "../../fixtures/checkpoints.ts";
import { completed, event, failed } from "../../fixtures/commands.ts";
import { as, idsOf, outcomesOf } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";

/** Proves what runs in progress may write, and how they are taken up again. */
export function describeLiveRuns(openStore: StoreFactory): void {
  const steered = (session: SessionUnderTest) => session.accept({ input: event("mail", { lane: "steer" }) });

  it(
    "commits an inner boundary and hands out what waits in the steer lane, in one step [T6, T8]",
    withSession(openStore, async (session) => {
      const [first] = [await session.accept(), await session.accept()];
      const batch = await session.stage();
      const [one, two, three] = [await steered(session), await steered(session), await steered(session)];
      const command = checkpointCommand(session.ref, batch, {
        call: 1,
        boundary: { state: [1], data: "kept" },
        limit: 2,
      });

      const reply = as(await session.store.liveRuns.checkpoint(command), "taken");

      expect(idsOf(reply)).toEqual([one.inputId, two.inputId]);
      expect(await session.input(first.inputId)).toMatchObject({ status: "applied_pending", outcome: null });
      expect(await session.input(one.inputId)).toMatchObject({ status: "staged", runId: batch.fence.runId });
      expect(await session.input(three.inputId)).toMatchObject({ status: "queued" });
      expect(await session.store.archive.findState(session.ref)).toEqual({ state: "[1]", position: 1 });
      const left = adopted(batch, command, reply.inputs);
      const ended = await session.commit(left, completed({ output: "done" }));
      expect(Object.keys(outcomesOf(ended.settled)).sort()).toEqual(
        [first, one, two].map(({ inputId }) => inputId).sort(),
      );
      const receipts = (await session.store.archive.listReceipts(session.ref, { after: 0, limit: 10 })).items;
      expect(receipts.map(({ sequence, result, contributors }) => [sequence, result, contributors])).toEqual([
        [1, "checkpointed", [first.inputId]],
        [2, "completed", [one.inputId, two.inputId]],
      ]);
    }),
  );

  it(
    "answers a repeated call with what the first one took, and another call of its number not at all [T7, L4]",
    withSession(openStore, async (session) => {
      await session.accept();
      const batch = await session.stage();
      await steered(session);
      const { liveRuns } = session.store;
      const command = checkpointCommand(session.ref, batch, { call: 1, boundary: null, limit: 5 });
      const first = as(await liveRuns.checkpoint(command), "taken");
      await steered(session);

      const again = as(await liveRuns.checkpoint(command), "taken");
      const other = await liveRuns.checkpoint({ ...command, callDigest: "another" });

      expect({ again: idsOf(again), isRepeat: again.isRepeat }).toEqual({ again: idsOf(first), isRepeat: true });
      expect(other).toEqual({ kind: "fenced" });
    }),
  );

  it(
    "takes a run up again as a whole when its attempt is lost or failed, and hands applied inputs out no more [N4, L3]",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept();
      const batch = await session.stage();
      const joined = await steered(session);
      const command = checkpointCommand(session.ref, batch, { call: 1, boundary: { data: { at: 1 } }, limit: 1 });
      const { inputs } = as(await session.store.liveRuns.checkpoint(command), "taken");
      const behind = await session.accept();

      const again = await session.stageNext(adopted(batch, command, inputs), failed());

      expect(again).toMatchObject({
        attempt: 2,
        sequence: 2,
        applied: [inputId],
        kept: { data: '{"at":1}', value: null },
      });
      expect(again.fence.runId).toBe(batch.fence.runId);
      expect(idsOf(again)).toEqual([joined.inputId]);
      const next = await session.stageNext(again, completed());
      expect(idsOf(next)).toEqual([behind.inputId]);
    }),
  );

  it(
    "lets a suspended run lie outside the head, and go on once with the value it was answered with [C8]",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept();
      const batch = await session.stage();
      const on = { type: "approval", approvalId: "apr" } as const;
      const { next } = await session.commit(batch, suspended({ on, data: "kept" }), { keep: true });
      const { control } = session.store;
      const command = { ref: session.ref, runId: batch.fence.runId, requestId: session.ids.request(), value: '"yes"' };

      const first = await control.resume(command);
      const again = await control.resume(command);
      const other = await control.resume({ ...command, requestId: session.ids.request() });

      expect(next).toEqual({ kind: "idle", dueAt: null });
      expect([first, again].map((reply) => as(reply, "resumed").isRepeat)).toEqual([false, true]);
      expect(other).toEqual({ kind: "not_suspended", status: "waiting" });
      const resumed = await session.stage();
      expect(resumed).toMatchObject({ applied: [inputId], inputs: [], kept: { data: '"kept"', value: '"yes"' } });
      expect(outcomesOf((await session.commit(resumed)).settled)[inputId]).toMatchObject({ position: 2 });
    }),
  );

  it(
    "notes a silence once, until something is seen of the run again [T9]",
    withSession(openStore, async (session) => {
      await session.accept();
      const batch = await session.stage();
      const { liveRuns, journal, archive } = session.store;
      const { ref } = session;
      const stalls = async () => {
        const { items } = await archive.listEvents(ref, { after: 0, limit: 50 });
        return items.filter(({ event }) => event.type === "run.stalled").length;
      };
      await session.advanceTime(5_000);

      const noted = await liveRuns.noteStall({ ref, fence: batch.fence });
      await liveRuns.noteStall({ ref, fence: batch.fence });
      const before = await stalls();
      await journal.settle({ ref, fence: batch.fence, index: 1, key: "k", value: "1" });
      await liveRuns.noteStall({ ref, fence: batch.fence });

      expect(noted).toMatchObject({ kind: "noted", silentMs: 5_000 });
      expect([before, await stalls()]).toEqual([1, 2]);
    }),
  );
}
