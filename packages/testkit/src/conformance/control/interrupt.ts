import type { CancelMode, RunId } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { as } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";
import { NOTHING, request } from "./expectations.ts";

/** Proves how the staged run is asked to end. */
export function describeInterrupt(openStore: StoreFactory): void {
  const interrupt = (
    session: SessionUnderTest,
    runId: RunId | null,
    requestId = session.ids.request(),
    mode: CancelMode = "interrupt",
  ) => session.store.control.interrupt({ ref: session.ref, requestId, runId, mode });

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
        { kind: "renewed", cancel: { runId, mode: "interrupt" }, isAttentionAsked: false },
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
        { kind: "renewed", cancel: null, isAttentionAsked: false },
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
