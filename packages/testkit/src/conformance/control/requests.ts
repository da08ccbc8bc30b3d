import { KEPT_REQUESTS } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { suspended } from "../../fixtures/checkpoints.ts";
import { sessionRef } from "../../fixtures/ids.ts";
import { type StoreFactory, withSession } from "../store-under-test.ts";
import { NOTHING, request } from "./expectations.ts";

/** Proves that a request id names one command (C1). */
export function describeRequests(openStore: StoreFactory): void {
  it(
    "returns the first report for the same request id and changes nothing [C1]",
    withSession(openStore, async (session) => {
      await session.accept();
      const first = await session.apply("stop", request("operator's order 1"));
      await session.settleChores();
      await session.register();
      await session.accept();
      const before = await session.store.directory.find(session.ref);

      const again = await session.apply("stop", request("operator's order 1"));

      expect(again).toMatchObject({ isRepeat: true, report: first.report, abort: null, wake: null, settled: [] });
      expect(first).toMatchObject({ isRepeat: false, report: { inputsAbandoned: 1 } });
      expect(await session.store.directory.find(session.ref)).toEqual(before);
    }),
  );

  it(
    "takes the same request id for another verb as a caller's mistake [C1]",
    withSession(openStore, async (session) => {
      await session.apply("retire", request("r"));

      await expect(session.control("stop", request("r"))).rejects.toMatchObject({ code: "idempotency.mismatch" });

      expect((await session.store.directory.find(session.ref))?.phase).toBe("retired");
    }),
  );

  it(
    "takes the request id of a resumption for another command as a caller's mistake [C1]",
    withSession(openStore, async (session) => {
      const { store, ref } = session;
      const { inputId } = await session.accept();
      const batch = await session.stage();
      await session.commit(batch, suspended({ on: { type: "approval", approvalId: "a" } }));
      const { runId } = batch.fence;
      await store.control.resume({ ref, runId, requestId: request("r"), value: "1" });

      const mismatch = { code: "idempotency.mismatch" };
      await expect(session.control("stop", request("r"))).rejects.toMatchObject(mismatch);
      const interrupt = { ref, requestId: request("r"), runId: null, mode: "interrupt" } as const;
      await expect(store.control.interrupt(interrupt)).rejects.toMatchObject(mismatch);

      expect(await session.input(inputId)).toMatchObject({ status: "applied_pending" });
    }),
  );

  it(
    "forgets the oldest request id when another one comes, and the answer to it [C1, G14]",
    withSession(openStore, async (session) => {
      const { store, ref } = session;
      const publish = (name: string) =>
        store.control.publish({ ref, requestId: request(name), name: "a", payload: "1", digest: "1" });
      await session.apply("retire", request("first"));
      await publish("second");
      for (let count = 2; count < KEPT_REQUESTS; count += 1) await publish(`${count}`);
      expect(await session.apply("retire", request("first"))).toMatchObject({ isRepeat: true });
      expect(await publish("second")).toMatchObject({ isRepeat: true });

      await publish("last");
      expect(await publish("second")).toMatchObject({ isRepeat: true });
      expect(await session.apply("stop", request("first"))).toMatchObject({ isRepeat: false });

      expect(await publish("last")).toMatchObject({ isRepeat: true });
      expect(await publish("second")).toMatchObject({ isRepeat: false });
      expect(await publish("4")).toMatchObject({ isRepeat: true });
    }),
  );

  it(
    "still knows the report of a destroyed session [C1]",
    withSession(openStore, async (session) => {
      const first = await session.apply("destroy", request("r"));
      await session.settleChores();

      expect(await session.apply("destroy", request("r"))).toMatchObject({ isRepeat: true, report: first.report });
    }),
  );

  it(
    "succeeds with zero counts when the phase is already reached [C2]",
    withSession(openStore, async (session) => {
      for (const verb of ["retire", "stop", "destroy"] as const) {
        await session.apply(verb);
        const before = await session.store.directory.find(session.ref);

        const { report, isRepeat } = await session.apply(verb);

        expect(isRepeat).toBe(false);
        expect(report).toMatchObject({ verb, phaseBefore: report.phaseAfter, ...NOTHING });
        expect(await session.store.directory.find(session.ref)).toEqual(before);
      }
    }),
  );

  it(
    "changes nothing when it refuses, and says in which phase the session is [C3]",
    withSession(openStore, async (session) => {
      await session.accept();
      const batch = await session.stage();

      for (const verb of ["recycle", "reset", "recover"] as const) {
        expect(await session.control(verb)).toEqual({
          kind: "refused",
          phase: "idle",
          isBusy: true,
          currentRunId: batch.fence.runId,
        });
      }
      expect((await session.commit(batch)).position).toBe(1);

      await session.apply("stop");
      expect(await session.control("reset")).toEqual({
        kind: "refused",
        phase: "stopped",
        isBusy: false,
        currentRunId: null,
      });
    }),
  );

  it(
    "knows nothing of an unknown session",
    withSession(openStore, async (session) => {
      const ref = sessionRef("nowhere");
      const { control } = session.store;

      expect(await control.apply({ ref, verb: "stop", requestId: request("r") })).toEqual({ kind: "missing" });
      expect(await control.interrupt({ ref, requestId: request("r"), runId: null, mode: "interrupt" })).toEqual({
        kind: "missing",
      });
    }),
  );
}
