/** The suite of the `DirectRuns` port; its promise is L8. */
import type { BeginRunCommand, BeginRunReply } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { checkpointCommand } from "../fixtures/checkpoints.ts";
import { type AdmitOptions, admitCommand, prompt } from "../fixtures/commands.ts";
import { as, idsOf } from "../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every store promises of runs that a sender does itself. */
export function describeDirectRuns(openStore: StoreFactory): void {
  describe("direct runs", () => {
    describeBeginning(openStore);
    describeRefusals(openStore);
  });
}

function describeBeginning(openStore: StoreFactory): void {
  it(
    "are admitted and staged in one step, and settled like any other [L8]",
    withSession(openStore, async (session) => {
      const command = beginCommand(session, { input: prompt("now") });

      const { batch, admission, state } = as(await begin(session, command), "begun");
      await session.commit(batch);

      expect([idsOf(batch), admission, state]).toEqual([[command.admission.input.id], 1, null]);
      expect(batch.fence).toMatchObject({ claimId: command.claimId, runId: command.newRunId });
      expect(await session.input(command.admission.input.id)).toMatchObject({ status: "consumed" });
    }),
  );

  it(
    "need no binding",
    withSession(openStore, async (session) => expect(await begin(session)).toMatchObject({ kind: "begun" }), {
      binding: null,
    }),
  );

  it(
    "are begun once, however often the call is sent [L5]",
    withSession(openStore, async (session) => {
      const command = beginCommand(session);
      const first = await begin(session, command);

      expect(await begin(session, command)).toEqual(first);
      expect(await session.inputs()).toHaveLength(1);
    }),
  );

  it(
    "answer a repeat with what is left of the batch after a boundary [L5]",
    withSession(openStore, async (session) => {
      const command = beginCommand(session);
      const { batch } = as(await begin(session, command), "begun");
      const boundary = checkpointCommand(session.ref, batch, { call: 1, boundary: { state: 1 }, limit: 0 });
      await session.store.liveRuns.checkpoint(boundary);

      const { inputId } = batch.inputs[0] ?? {};
      expect(await begin(session, command)).toMatchObject({
        kind: "begun",
        admission: 1,
        state: "1",
        batch: { sequence: 2, inputs: [], applied: [inputId] },
      });
    }),
  );

  it(
    "are buried like any other when their holder dies [L8]",
    withSession(openStore, async (session) => {
      const { batch } = as(await begin(session), "begun");

      await session.advanceTime(10_000);

      expect(await session.stage()).toMatchObject({ attempt: 2, fence: { runId: batch.fence.runId } });
      expect(await session.advance(batch)).toEqual({ kind: "fenced" });
    }),
  );
}

function describeRefusals(openStore: StoreFactory): void {
  it(
    "are refused while another input is active, queued, waiting or staged [L8]",
    withSession(openStore, async (session) => {
      await session.accept({ notBeforeAt: session.now() + 1_000 });
      expect(await begin(session)).toEqual({ kind: "active", runId: null });
      await session.advanceTime(1_000);
      expect(await begin(session)).toEqual({ kind: "active", runId: null });

      const batch = await session.stage();
      expect(await begin(session)).toEqual({ kind: "active", runId: batch.fence.runId });

      await session.commit(batch);
      expect(await begin(session)).toMatchObject({ kind: "begun" });
    }),
  );

  it(
    "find an input that was admitted before, and tell it from another under its key",
    withSession(openStore, async (session) => {
      const { inputId } = await session.accept({ key: "once" });
      await session.commitOne();

      const repeat = await begin(session, beginCommand(session, { key: "once" }));
      const other = await begin(session, beginCommand(session, { key: "once", input: prompt("another") }));

      expect(repeat).toEqual({ kind: "deduplicated", existingId: inputId, status: "consumed" });
      expect(other).toEqual({ kind: "mismatch", existingId: inputId });
    }),
  );

  it(
    "write nothing in a session that is retired, changed, unknown or not done with its chores",
    withSession(openStore, async (session) => {
      const stale = beginCommand(session, { settingsRevision: 7 });
      expect(await begin(session, stale)).toMatchObject({ kind: "stale_settings", revision: 0 });
      await session.accept();
      await session.apply("reset");
      expect(await begin(session)).toEqual({ kind: "chores" });
      await session.settleChores();
      await session.apply("retire");
      expect(await begin(session)).toEqual({ kind: "refused", phase: "retired" });

      expect(await session.inputs()).toHaveLength(1);
    }),
  );
}

function beginCommand({ ref, ids, worker }: SessionUnderTest, options: AdmitOptions = {}): BeginRunCommand {
  const admission = admitCommand(ref, ids, options);
  return { admission, claimId: ids.claim(), node: worker.node, newRunId: ids.run() };
}

function begin(session: SessionUnderTest, command = beginCommand(session)): Promise<BeginRunReply> {
  return session.store.directRuns.begin(command);
}
