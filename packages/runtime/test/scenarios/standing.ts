/** Submitting under a bound, and asking where work stands. */
import type { Ack, RunId, SubmitOutcome } from "@holdfast/contracts";
import { createIds, prompt, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Store } from "../../src/index.ts";
import { answeringBehind, Door } from "../support/calls.ts";
import { executor, holding, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { keyed } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ids = createIds();

/** A store that acknowledges at a level, whatever the one under it does. */
function acknowledgingAt(level: Ack["level"]): (store: Store) => Store {
  return (store) => ({
    ...store,
    ledger: {
      ...store.ledger,
      admit: async (command) => {
        const reply = await store.ledger.admit(command);
        return "ack" in reply ? { ...reply, ack: { ...reply.ack, level } } : reply;
      },
    },
    ping: async () => {
      const health = await store.ping();
      return { ...health, ack: { ...health.ack, level } };
    },
  });
}

/** A store whose admissions are carried out, and answered when the door is open. */
function durableBehind(door: Door): (store: Store) => Store {
  return (store) => answeringBehind(door, "admit")(acknowledgingAt("fsync")(store));
}

async function withDoor(stage: Stage) {
  const door = new Door();
  const process = await stage.process("submitter", { wrap: durableBehind(door) });
  return { door, process };
}

/** Lets a call see its bound expire. */
async function pastBound<T>({ world }: Stage, call: Promise<T>, ms: number): Promise<T> {
  await world.advance(ms);
  return call;
}

/** The scenarios of bounded submission. */
export function describeBoundedSubmit(openStage: OpenStage): void {
  describe("a bounded submission", () => {
    it("SUB-01 under a key that was submitted before is collapsed: one execution", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      const ran: string[] = [];
      const worker = executor(({ runId }) => ({ kind: "completed", output: ran.push(runId) }));
      await stage.worker("worker", worker);

      const first = await sender.runtime.submitBounded(ref, prompt("go"), { key: "k" });
      await world.settle();
      const second = await sender.runtime.submitBounded(ref, prompt("go"), { key: "k" });

      expect(first).toMatchObject({ kind: "admitted", workState: { kind: "pending" }, advice: "wait" });
      expect(second).toMatchObject({ kind: "collapsed", workState: { kind: "delivered" }, advice: "done" });
      expect("inputId" in first && "inputId" in second && first.inputId === second.inputId).toBe(true);
      await world.advance(60_000);
      expect(ran).toHaveLength(1);
    });

    it("SUB-02 whose bound expired is not done twice by a retry under its key", async () => {
      const stage = await openStage();
      const { ref, world } = stage;
      await stage.bind();
      const { door, process } = await withDoor(stage);
      door.close();
      const expired = await pastBound(
        stage,
        process.runtime.submitBounded(ref, prompt("go"), { key: "k", boundMs: 400 }),
        1_000,
      );
      const ran: string[] = [];
      await stage.worker(
        "worker",
        executor(({ runId }) => ({ kind: "completed", output: ran.push(runId) })),
      );
      await world.advance(5_000);

      door.open();
      const retried = await process.runtime.submitBounded(ref, prompt("go"), { key: "k" });
      await world.advance(60_000);

      expect(expired).toMatchObject({ kind: "timed_out", advice: "wait" });
      expect(retried).toMatchObject({ kind: "collapsed", workState: { kind: "delivered" } });
      expect(ran).toHaveLength(1);
    });

    it("SUB-03 whose bound expired and whose row is there is durably admitted, with its work state", async () => {
      const stage = await openStage();
      const { ref } = stage;
      await stage.register();
      const { door, process } = await withDoor(stage);
      door.close();

      const outcome = await pastBound(
        stage,
        process.runtime.submitBounded(ref, prompt("go"), { key: "k", boundMs: 400 }),
        1_000,
      );

      const { items } = await stage.sender.runtime.listInputs(ref, { after: 0, limit: 10 });
      expect(outcome).toEqual({
        kind: "timed_out",
        cause: "bound_expired",
        disposition: { kind: "durably_admitted", inputId: items[0]?.inputId, workState: { kind: "pending" } },
        boundMs: 400,
        advice: "wait",
      });
      door.open();
    });

    it("SUB-04 to a store that keeps nothing on disk is never called durable", async () => {
      const stage = await openStage();
      const { ref } = stage;
      await stage.register();
      const { runtime } = await stage.process("forgetful", { wrap: acknowledgingAt("memory") });

      const admitted = await runtime.submitBounded(ref, prompt("go"), { key: "a" });
      const expired = await runtime.submitBounded(ref, prompt("go"), { key: "a", boundMs: 0 });

      expect(admitted).toMatchObject({ kind: "admitted", durability: "process_local" });
      expect(expired).toMatchObject({
        kind: "timed_out",
        disposition: { kind: "unknown", why: "no_witness" },
        advice: "retry_under_same_key",
      });
    });

    it("SUB-05 without a bound reports the default of 30 s", async () => {
      const stage = await openStage();
      await stage.register();

      const outcome = await stage.sender.runtime.submitBounded(stage.ref, prompt("go"), { key: "k" });

      expect(outcome.boundMs).toBe(30_000);
    });

    it("SUB-06 of an input with another key is refused with both keys, and nothing is sent", async () => {
      const stage = await openStage();
      const { sender, ref } = stage;
      await stage.register();

      const outcome = await sender.runtime.submitBounded(ref, keyed("mine"), { key: "yours" });

      expect(outcome).toMatchObject({
        kind: "refused",
        refusal: { kind: "key_conflict", key: "yours", inputKey: "mine" },
      });
      expect(await sender.runtime.listInputs(ref, { after: 0, limit: 10 })).toEqual({ items: [], next: null });
      expect(sender.calls.admit).toBe(0);
    });

    it("with a bound of zero is sent, and answered from what the store can testify", async () => {
      const stage = await openStage();
      const { ref } = stage;
      await stage.register();
      const { runtime } = await stage.process("durable", { wrap: acknowledgingAt("fsync") });

      const outcome = await runtime.submitBounded(ref, prompt("go"), { key: "k", boundMs: 0 });

      expect(outcome).toMatchObject({
        kind: "timed_out",
        cause: "bound_expired",
        disposition: { kind: "durably_admitted", workState: { kind: "pending" } },
        boundMs: 0,
      });
    });

    it("says how work ended that was not delivered, and advises a new key", async () => {
      const stage = await openStage();
      const { sender, ref } = stage;
      await stage.register();
      const submit = () => sender.runtime.submitBounded(ref, prompt("go"), { key: "k" });
      await submit();
      await sender.runtime.control(ref, { verb: "reset", requestId: ids.request() });

      expect(await submit()).toMatchObject({
        kind: "collapsed",
        workState: { kind: "terminal_without_delivery", reason: "abandoned" },
        advice: "resubmit_under_new_key",
      });
    });

    it("of which nobody knows what came, or that is wrong, says so and what to do", async () => {
      const stage = await openStage();
      const { sender, ref } = stage;
      const lost = await stage.process("lost", {
        wrap: (store) => ({
          ...store,
          ledger: { ...store.ledger, admit: () => new Promise(() => {}) },
          witnesses: { ...store.witnesses, find: () => new Promise(() => {}) },
        }),
      });

      const unknown = await pastBound(
        stage,
        lost.runtime.submitBounded(ref, prompt("go"), { key: "k", boundMs: 400 }),
        1_000,
      );
      const unheard = await sender.runtime.submitBounded(ref, prompt("go"), { key: "k" });
      await stage.register();
      const invalid = await sender.runtime.submitBounded(ref, { kind: "prompt" } as never, { key: "k" });
      const faults = [
        await rejection(sender.runtime.submitBounded(ref, prompt("go"), { key: "" })),
        await rejection(sender.runtime.submitBounded(ref, prompt("go"), { key: "k", boundMs: -1 })),
      ];

      expect(unknown).toMatchObject({
        kind: "timed_out",
        disposition: { kind: "unknown", why: "evidence_unavailable" },
        advice: "retry_under_same_key",
      });
      expect(unheard).toMatchObject({ kind: "refused", refusal: { kind: "error", code: "session.not_found" } });
      expect(invalid).toMatchObject({ kind: "refused", refusal: { kind: "error", code: "input.invalid" } });
      expect(faults).toMatchObject([{ code: "id.invalid" }, { code: "request.invalid" }]);
    });

    it("frees its timers: nothing is left of it once it is answered", async () => {
      const stage = await openStage();
      await stage.register();
      const before = stage.world.clock.pending();

      const outcome: SubmitOutcome = await stage.sender.runtime.submitBounded(stage.ref, prompt("go"), { key: "k" });

      expect(outcome.kind).toBe("admitted");
      expect(stage.world.clock.pending()).toBe(before);
    });
  });
}

/** The scenarios of queries about work. */
export function describeTerminalStatus(openStage: OpenStage): void {
  const NOBODY = "run_00000000" as RunId;

  describe("the status of a run", () => {
    it("TST-02 of which several inputs were abandoned is the reason of the first that was admitted", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind("defer");
      const runs: RunId[] = [];
      const failing = executor(
        ({ runId }) => {
          runs.push(runId);
          return { kind: "failed", failure: { code: "no", message: "no" }, isRetryable: false };
        },
        { maxBatch: 10 },
      );
      for (const text of ["a", "b"]) await sender.runtime.acceptInput(ref, prompt(text));
      await stage.worker("worker", failing);
      await world.advance(5_000);

      const standing = await sender.runtime.runStatus(ref, runs[0] as RunId);

      const { items } = await sender.runtime.listInputs(ref, { after: 0, limit: 10 });
      expect(runs).toHaveLength(1);
      expect(standing).toEqual({
        source: { kind: "durable_store" },
        runId: runs[0],
        resolution: { kind: "resolved", as: "abandoned", reason: "max_attempts_exhausted" },
        witnesses: items.map(({ inputId }) => inputId),
      });
    });

    it("TST-02 TST-04 is in flight while one of its inputs has not ended, and then what they came to", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      const turns = holding();
      const worker = await stage.worker("worker", turns.executor);
      await sender.runtime.acceptInput(ref, prompt("a"));
      await world.settle();
      const { runId } = turns.last().turn;

      const inFlight = await sender.runtime.runStatus(ref, runId);
      await sender.runtime.control(ref, { verb: "stop", requestId: ids.request() });
      const stopped = await sender.runtime.runStatus(ref, runId);
      await world.advance(30_000);

      expect(inFlight).toMatchObject({
        source: { kind: "live_runtime", workerId: worker.node },
        resolution: { kind: "in_flight" },
      });
      for (const standing of [stopped, await sender.runtime.runStatus(ref, runId)]) {
        expect(standing).toMatchObject({ resolution: { kind: "resolved", as: "abandoned", reason: "stopped" } });
        expect(standing.witnesses).toEqual(inFlight.witnesses);
      }
    });

    it("is consumed when its inputs were", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      await stage.worker("worker", recording());
      await sender.runtime.acceptInput(ref, prompt("a"));
      await world.settle();
      const [input] = (await sender.runtime.listInputs(ref, { after: 0, limit: 1 })).items;

      const standing = await sender.runtime.runStatus(ref, input?.runId as RunId);

      expect(standing).toMatchObject({
        resolution: { kind: "resolved", as: "consumed" },
        witnesses: [input?.inputId],
      });
    });

    it("TST-05 without a witness is just that, and not a failure", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind("defer");
      const runs: RunId[] = [];
      const failingOnce = executor(
        ({ runId, inputs }) => {
          runs.push(runId);
          const isBatch = inputs.length > 1;
          return isBatch
            ? { kind: "failed", failure: { code: "no", message: "no" }, isRetryable: true }
            : { kind: "completed" };
        },
        { maxBatch: 10 },
      );
      for (const text of ["a", "b"]) await sender.runtime.acceptInput(ref, prompt(text));
      await stage.worker("worker", failingOnce);
      await world.advance(60_000);

      const takenApart = await sender.runtime.runStatus(ref, runs[0] as RunId);
      const unknown = await sender.runtime.runStatus(ref, NOBODY);

      expect(runs).toHaveLength(3);
      expect(takenApart).toMatchObject({ resolution: { kind: "no_durable_witness" }, witnesses: [] });
      expect(unknown).toMatchObject({ resolution: { kind: "no_durable_witness" }, witnesses: [] });
    });
  });

  describe("the status of an interaction", () => {
    it("TST-06 is found by exactly its key: no longer one, no shorter one, no other id", async () => {
      const stage = await openStage();
      const { sender, ref } = stage;
      await stage.register();
      const own = ids.input();
      await sender.runtime.acceptInput(ref, keyed("k-longer"));
      await sender.runtime.acceptInput(ref, { ...keyed("own"), id: own });
      const statusOf = (key: string) => sender.runtime.interactionStatus(ref, { key });

      expect(await statusOf("k")).toBeNull();
      expect(await statusOf("k-longer-still")).toBeNull();
      expect(await statusOf("K-LONGER")).toBeNull();
      expect(await statusOf("k-longer")).toMatchObject({ key: "k-longer", phase: "queued", outcome: null });
      expect(await statusOf("own")).toMatchObject({ inputId: own, key: "own" });
      expect(await sender.runtime.inputState(ref, { key: "own" })).toMatchObject({ inputId: own });
    });

    it("TST-07 is answered from the durable rows after a restart, by id and by key, and says so", async () => {
      const stage = await openStage();
      const { ref, world } = stage;
      await stage.bind();
      const worker = await stage.worker("worker", recording());
      const admission = await stage.sender.runtime.acceptInput(ref, keyed("k"));
      const inputId = admission.kind === "accepted" ? admission.inputId : ids.input();
      await world.advance(1_000);
      worker.kill();
      stage.sender.kill();

      const { runtime } = await stage.process("successor");

      const status = await runtime.interactionStatus(ref, { key: "k" });
      expect(status).toMatchObject({
        source: { kind: "durable_store" },
        inputId,
        key: "k",
        phase: "consumed",
        outcome: { kind: "completed" },
        attempts: 1,
      });
      expect(await runtime.interactionStatus(ref, { inputId })).toEqual(status);
      expect(await runtime.runStatus(ref, status?.runId as RunId)).toMatchObject({
        source: { kind: "durable_store" },
        resolution: { kind: "resolved", as: "consumed" },
        witnesses: [inputId],
      });
    });

    it("TST-07 is answered for a session that was unregistered, too", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      await stage.worker("worker", recording());
      await sender.runtime.acceptInput(ref, keyed("k"));
      await world.advance(1_000);
      const before = await sender.runtime.interactionStatus(ref, { key: "k" });
      const unregistering = sender.runtime.unregisterSession(ref);
      await world.advance(60_000);
      await unregistering;

      const status = await sender.runtime.interactionStatus(ref, { key: "k" });
      const standing = await sender.runtime.runStatus(ref, before?.runId as RunId);

      expect(await sender.runtime.findSession(ref)).toBeNull();
      expect(status).toEqual({ ...before, source: { kind: "durable_store" } });
      expect(standing).toMatchObject({ resolution: { kind: "resolved", as: "consumed" } });
    });

    it("says when it last moved, and names the worker that has its session", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      const turns = holding();
      await sender.runtime.acceptInput(ref, keyed("k"));
      await world.advance(7_000);
      const worker = await stage.worker("worker", turns.executor);
      await world.advance(2_000);

      const status = await sender.runtime.interactionStatus(ref, { key: "k" });

      expect(status).toMatchObject({ phase: "staged", source: { kind: "live_runtime", workerId: worker.node } });
      const waited = Date.parse(status?.updatedAt ?? "") - Date.parse(status?.admittedAt ?? "");
      expect(waited).toBeGreaterThanOrEqual(7_000);
    });

    it("of a session that nobody knows is none", async () => {
      const { sender } = await openStage();
      const unknown = sessionRef("nobody's");

      expect(await sender.runtime.interactionStatus(unknown, { key: "k" })).toBeNull();
      expect(await sender.runtime.runStatus(unknown, NOBODY)).toMatchObject({
        resolution: { kind: "no_durable_witness" },
      });
    });
  });
}
