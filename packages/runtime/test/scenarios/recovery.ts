/** What is left when processes die, and what a later one makes of it. */
import { AppError, type ClaimId, type InputId, type RunId } from "@holdfast/contracts";
import type { AdvanceCommand, Store } from "@holdfast/runtime";
import { event } from "@holdfast/testkit";
import { expect, it } from "vitest";
import { unavailable } from "../support/bound-session.ts";
import { taping, withLedger } from "../support/calls.ts";
import { executor, holding, recording, textsOf } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

/** Plays the scenarios of recovery. */
export function describeRecovery(openStage: OpenStage): void {
  describeReceipts(openStage);
  describeTails(openStage);

  it("REC-01 REC-06 CNF-11 what was queued when every process died is in its lane, unharmed, and counted as recovered", async () => {
    const stage = await openStage();
    await stage.bind();
    const { inputId } = await send(stage.sender, stage.ref, "payload");
    const before = await stage.sender.runtime.inputState(stage.ref, { inputId });
    stage.sender.kill();
    await stage.world.advance(60_000);
    const later = await stage.process("later");

    expect(await later.runtime.recover(stage.ref)).toMatchObject({ inputsRecovered: 1, inputsRequeued: 0 });

    const active = await later.runtime.listActiveInputs(stage.ref);
    expect(active).toMatchObject([{ inputId, status: "queued", input: { kind: "prompt", text: "payload" } }]);
    expect(await later.runtime.inputState(stage.ref, { inputId })).toEqual(before);
    expect(await later.runtime.findSession(stage.ref)).toMatchObject({ queued: 1 });
    await stage.worker("worker", recording());
    await stage.world.advance(5_000);
    expect(await later.runtime.waitForOutcome(stage.ref, { inputId })).toMatchObject({ output: "payload" });
  });

  it("REC-02 CNF-15 CNF-16 an input that need not survive is dropped and reported when its process has gone", async () => {
    for (const durability of ["ephemeral", "derived"] as const) {
      const stage = await openStage();
      await stage.bind();
      const source = { type: "system" } as const;
      const passing = await send(stage.sender, stage.ref, { ...event("passing"), source, durability });
      stage.sender.kill();
      await stage.world.advance(60_000);
      const { runtime } = await stage.process("later");

      const report = await runtime.recover(stage.ref);

      expect(report).toMatchObject({ inputsRecovered: 0, inputsDropped: 1 });
      expect(await runtime.listActiveInputs(stage.ref)).toEqual([]);
      const { inputId } = passing;
      expect(await runtime.waitForOutcome(stage.ref, { inputId })).toMatchObject({ reason: "dropped" });
      const { items } = await runtime.listEvents(stage.ref, { after: 0, limit: 100 });
      const told = { type: "input.abandoned", inputId, reason: "dropped" };
      expect(items.map(({ event: fact }) => fact)).toContainEqual(told);
    }
  });

  it("CNF-15 what need not survive keeps nothing that must from being recovered, and is gone with it", async () => {
    const stage = await openStage();
    await stage.bind();
    const sent = [];
    for (const [name, durability] of [
      ["a", "ephemeral"],
      ["b", "durable"],
      ["c", "ephemeral"],
      ["d", "durable"],
    ] as const) {
      sent.push(await send(stage.sender, stage.ref, { ...event(name), durability }));
    }
    stage.sender.kill();
    await stage.world.advance(60_000);
    const { runtime } = await stage.process("later");

    expect(await runtime.recover(stage.ref)).toMatchObject({ inputsRecovered: 2, inputsDropped: 2 });
    await stage.worker("worker", recording());
    await stage.world.advance(5_000);

    const kinds = await Promise.all(sent.map(({ inputId }) => runtime.waitForOutcome(stage.ref, { inputId })));
    expect(kinds.map(({ kind }) => kind)).toEqual(["abandoned", "completed", "abandoned", "completed"]);
    expect(await runtime.verifySession(stage.ref)).toMatchObject({ isSound: true });
  });

  it("REC-12 a worker that dies before it could call its executor has used an attempt up, and its input is queued", async () => {
    const stage = await openStage();
    await stage.bind();
    const host = holding();
    const wrap = withLedger((ledger) => ({
      claim: async (command) => {
        await ledger.claim(command);
        return new Promise<never>(() => {});
      },
    }));
    const dying = await stage.worker("dying", host.executor, { wrap });
    const { inputId } = await send(stage.sender, stage.ref, "again");
    await stage.world.advance(1_000);
    expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({ status: "staged" });
    dying.kill();
    await stage.world.advance(15_000);

    expect(await stage.sender.runtime.recover(stage.ref)).toMatchObject({ inputsRecovered: 1, inputsRequeued: 1 });

    expect(host.turns).toEqual([]);
    expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({
      status: "queued",
      attempts: 1,
      losses: 1,
    });
  });

  it("REC-03 what a boundary has committed is handed to nobody after a restart, and is consumed with its run", async () => {
    const stage = await openStage();
    await stage.bind();
    const handed: number[] = [];
    const host = executor(async (turn) => {
      handed.push(turn.inputs.length);
      if (turn.resumed !== null) return { kind: "completed" };
      await turn.checkpoint({ state: "half" });
      return new Promise(() => {});
    });
    const dying = await stage.worker("dying", host);
    const { inputId } = await send(stage.sender, stage.ref, "once");
    await stage.world.advance(1_000);
    dying.kill();
    stage.sender.kill();
    await stage.world.advance(15_000);
    const { runtime } = await stage.process("later");
    expect(await runtime.inputState(stage.ref, { inputId })).toMatchObject({ status: "applied_pending" });

    await runtime.recover(stage.ref);
    expect(await runtime.findSession(stage.ref)).toMatchObject({ queued: 0 });
    await stage.worker("heir", host);
    await stage.world.advance(5_000);

    expect(handed).toEqual([1, 0]);
    expect(await runtime.inputState(stage.ref, { inputId })).toMatchObject({ status: "consumed" });
    expect(await runtime.listActiveInputs(stage.ref)).toEqual([]);
    const { items } = await runtime.listReceipts(stage.ref, { after: 0, limit: 10 });
    expect(items.map(({ contributors }) => contributors)).toEqual([[inputId], []]);
  });

  it("CNF-09 CNF-16 a session taken over from a dead holder keeps its inputs, drops passing ones, and says so", async () => {
    const stage = await openStage();
    await stage.bind();
    const host = holding();
    const dead = await stage.worker("dead", host.executor);
    const kept = await send(stage.sender, stage.ref, "kept");
    await stage.world.advance(1_000);
    const derived = {
      kind: "continuation",
      reason: "go on",
      source: { type: "system" },
      durability: "derived",
    } as const;
    const passing = [
      await send(stage.sender, stage.ref, { ...event("passing"), durability: "ephemeral" }),
      await send(stage.sender, stage.ref, derived),
    ];
    dead.kill();
    await stage.worker("heir", recording());
    await stage.world.advance(20_000);

    expect(await kept.completion).toMatchObject({ output: "kept" });
    for (const { completion } of passing) {
      expect(await completion).toMatchObject({ kind: "abandoned", reason: "dropped" });
    }
    const { items } = await stage.sender.runtime.listEvents(stage.ref, { after: 0, limit: 100 });
    const dropped = items.filter(({ event: told }) => told.type === "input.abandoned" && told.reason === "dropped");
    expect(dropped).toHaveLength(2);
    // Whoever derives it says it again, under an id of its own.
    const again = await send(stage.sender, stage.ref, derived);
    await stage.world.advance(5_000);
    expect(again.inputId).not.toBe(passing[1]?.inputId);
    expect(await again.completion).toMatchObject({ kind: "completed" });
  });

  it("REC-04 REC-05 CNF-12 what was staged when its worker died is queued again, charged, with an event that says why", async () => {
    const stage = await openStage();
    await stage.bind();
    const host = holding();
    const dead = await stage.worker("dead", host.executor);
    const { inputId, completion } = await send(stage.sender, stage.ref, "again");
    await stage.world.advance(1_000);
    dead.kill();
    await stage.world.advance(15_000);

    const report = await stage.sender.runtime.recover(stage.ref);

    expect(report).toMatchObject({ inputsRecovered: 1, inputsRequeued: 1 });
    const input = await stage.sender.runtime.inputState(stage.ref, { inputId });
    expect(input).toMatchObject({ status: "queued", attempts: 1, losses: 1 });
    const { runId } = host.last().turn;
    expect(input?.history.at(-1)).toMatchObject({
      from: "staged",
      to: "queued",
      reason: expect.stringContaining(runId),
    });
    const { items } = await stage.sender.runtime.listEvents(stage.ref, { after: 0, limit: 100 });
    expect(items.map(({ event: told }) => told)).toContainEqual({
      type: "run.lost",
      runId: host.last().turn.runId,
      requeued: [inputId],
    });
    await stage.worker("heir", recording());
    await stage.world.advance(5_000);
    expect(await completion).toMatchObject({ kind: "completed", output: "again" });
  });

  it("REC-18 CNF-09 neither a run nor an executor is a phase: who takes over finds the session idle, or retired", async () => {
    for (const retired of ["never", "before the run", "during the run"] as const) {
      const isRetired = retired !== "never";
      const stage = await openStage();
      await stage.bind();
      const host = holding();
      await send(stage.sender, stage.ref);
      if (retired === "before the run") await stage.sender.runtime.retire(stage.ref);
      const dead = await stage.worker("dead", host.executor);
      await stage.world.advance(1_000);
      expect(host.turns).toHaveLength(1);
      if (retired === "during the run") await stage.sender.runtime.retire(stage.ref);
      dead.kill();
      await stage.world.advance(15_000);

      const phase = (await stage.sender.runtime.findSession(stage.ref))?.phase;
      const report = await stage.sender.runtime.recover(stage.ref);

      expect([phase, report.phaseAfter]).toEqual(isRetired ? ["retired", "retired"] : ["idle", "idle"]);
    }
  });

  it("REC-18 an attached session is idle with its executor after a restart of everything, without a run", async () => {
    const stage = await openStage();
    await stage.bind();
    const worker = await stage.worker("worker", recording());
    await send(stage.sender, stage.ref, "done");
    await stage.world.advance(1_000);
    worker.kill();
    stage.sender.kill();
    await stage.world.advance(60_000);

    const { runtime } = await stage.process("later");

    expect(await runtime.findSession(stage.ref)).toMatchObject({ phase: "idle", state: "attached", queued: 0 });
    expect(await runtime.recover(stage.ref)).toMatchObject({ phaseBefore: "idle", phaseAfter: "idle" });
    expect(await runtime.explain(stage.ref)).toMatchObject({ waitsFor: { kind: "nothing" } });
  });

  it("CNF-19 a worker whose store cannot be read says so, runs nothing, and runs what was queued once it can", async () => {
    const stage = await openStage();
    await stage.bind();
    const { inputId } = await send(stage.sender, stage.ref, "kept");
    let isAway = true;
    const host = holding();
    const unless = <T>(call: () => Promise<T>): Promise<T> => (isAway ? unavailable() : call());
    const wrap = withLedger((ledger) => ({
      claim: (command) => unless(() => ledger.claim(command)),
      sweep: (limit) => unless(() => ledger.sweep(limit)),
    }));
    const worker = await stage.worker("worker", host.executor, { wrap });
    await stage.world.advance(30_000);

    expect(host.turns).toEqual([]);
    expect(worker.reports.map(({ level, phrase }) => [level, phrase])).toContainEqual(["warn", "sweep failed"]);
    expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({
      status: "queued",
      attempts: 0,
    });
    isAway = false;
    await stage.world.advance(5_000);
    expect(host.turns.map(({ turn }) => textsOf(turn))).toEqual([["kept"]]);
  });

  it("REC-10 a stopped session that still holds work is corrupt, and no call takes it for sound", async () => {
    const stage = await openStage();
    await stage.bind();
    await send(stage.sender, stage.ref);
    const broken = await stage.process("broken", { wrap: stoppedWithWork });

    for (const call of [
      () => broken.runtime.registerSession(stage.ref),
      () => broken.runtime.ensureSessionWithExecutor(stage.ref, { executor: "agent", onFailure: "hold" }),
    ]) {
      expect(await rejection(call())).toMatchObject({
        code: "store.corrupt",
        details: { phase: "stopped", queued: 1 },
      });
    }
  });

  it("FRM-16 whatever surface an event comes from, it is admitted in one way; a session whose runs fail still hears control", async () => {
    const stage = await openStage();
    await stage.bind();
    const runtime = stage.sender.runtime;
    await stage.worker(
      "failing",
      executor(() => {
        throw new Error("no");
      }),
    );
    const sources = ["cli", "rest", "json-rpc", "browser"];
    const admitted = await Promise.all(
      sources.map((sourceName) =>
        runtime.ingest(stage.ref, { ...event("click"), source: { type: "external", sourceName } }),
      ),
    );
    await stage.world.advance(1_000);

    expect(admitted.map(({ kind }) => kind)).toEqual(sources.map(() => "accepted"));
    const policies = admitted.map((admission) => admission.kind === "accepted" && admission.policy);
    expect(policies).toEqual(sources.map(() => policies[0]));
    const { items: told } = await runtime.listEvents(stage.ref, { after: 0, limit: 100 });
    expect(told.map(({ event: { type } }) => type)).toContain("run.failed");
    const { items } = await runtime.listInputs(stage.ref, { after: 0, limit: 10 });
    expect(items.map(({ input }) => input.source)).toEqual(
      sources.map((sourceName) => ({ type: "external", sourceName })),
    );
    // What failed stands in its lane again, charged.
    expect(items.map(({ failures }) => failures >= 1)).toEqual(sources.map(() => true));
    expect(await runtime.ingest(stage.ref, event("another"))).toMatchObject({ kind: "accepted" });
    expect(await runtime.stopRuntimeExecutor(stage.ref)).toMatchObject({ phaseAfter: "stopped" });
    expect(await runtime.listActiveInputs(stage.ref)).toEqual([]);
  });
}

function describeReceipts(openStage: OpenStage): void {
  it("REC-03 REC-17 what has a receipt is consumed, whoever died before it could say so, and is never committed twice", async () => {
    const stage = await openStage();
    await stage.bind();
    const { tape, wrap } = taping();
    let isDead = false;
    const worker = await stage.worker("worker", recording(), { wrap });
    const { inputId } = await send(stage.sender, stage.ref, "once");
    await stage.world.advance(2_000);
    worker.kill();
    isDead = true;
    const sent = tape.advances.at(-1)?.command as AdvanceCommand;

    const report = await stage.sender.runtime.recover(stage.ref);
    expect(report).toMatchObject({ inputsRecovered: 0, inputsRequeued: 0 });
    expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({
      status: "consumed",
      outcome: { kind: "completed", output: "once" },
    });
    expect(await stage.sender.runtime.listActiveInputs(stage.ref)).toEqual([]);
    expect(await stage.world.store.ledger.advance(sent)).toMatchObject({ kind: "committed", isRepeat: true });
    const foreign = { ...sent, fence: { ...sent.fence, claimId: "clm_of_another" as ClaimId } };
    expect(await stage.world.store.ledger.advance(foreign)).toEqual({ kind: "fenced" });
    expect((await stage.sender.runtime.sessionState(stage.ref)).position).toBe(1);
    expect(isDead).toBe(true);
  });

  it("verifies a ledger, and names what does not fit", async () => {
    const stage = await openStage();
    await stage.bind();
    await stage.worker("worker", recording());
    for (let n = 0; n < 12; n += 1) await send(stage.sender, stage.ref, `m${n}`);
    await stage.world.advance(10_000);
    const { runtime } = stage.sender;

    expect(await runtime.verifySession(stage.ref)).toEqual({
      isSound: true,
      receipts: 12,
      inputs: 12,
      expired: { receipts: 0, inputs: 0 },
      faults: [],
    });
    for (const [what, kind] of FORGERIES) {
      const auditor = await stage.process(`auditor${kind}`, { wrap: (store) => what(store) });
      const { isSound, faults } = await auditor.runtime.verifySession(stage.ref);
      expect([isSound, faults.map((fault) => fault.kind)]).toEqual([false, expect.arrayContaining([kind])]);
    }
  });
}

/** What somebody may have done to a ledger, and what verification says of it. */
const FORGERIES: readonly (readonly [(store: Store) => Store, string])[] = [
  [withReceipts((receipts) => receipts.filter(({ position }) => position !== 5)), "not_dense"],
  [
    withReceipts((receipts) => receipts.map((it) => (it.position === 5 ? { ...it, token: 99 } : it))),
    "digest_mismatch",
  ],
  [
    withReceipts((receipts) => receipts.map((it) => (it.position === 5 ? { ...it, previousDigest: "x" } : it))),
    "not_chained",
  ],
  [
    withReceipts((receipts) =>
      receipts.map((it) => (it.position === 5 ? { ...it, contributors: ["inp_of_nobody" as InputId] } : it)),
    ),
    "contributor_missing",
  ],
  [
    (store) => ({
      ...store,
      archive: { ...store.archive, findState: async () => ({ state: '"forged"', position: 12 }) },
    }),
    "content_mismatch",
  ],
  [
    (store) => ({
      ...store,
      archive: {
        ...store.archive,
        listInputs: async (ref, query) => {
          const page = await store.archive.listInputs(ref, query);
          const items = page.items.map((it) => (it.admission === 3 ? { ...it, status: "queued" as const } : it));
          return { ...page, items };
        },
      },
    }),
    "contributor_unsettled",
  ],
  [
    (store) => ({
      ...store,
      directory: {
        ...store.directory,
        find: async (ref) => {
          const record = await store.directory.find(ref);
          return record === null ? null : { ...record, digest: "forged" };
        },
      },
    }),
    "head_mismatch",
  ],
];

type Receipts = Awaited<ReturnType<Store["archive"]["listReceipts"]>>["items"];

function withReceipts(change: (receipts: Receipts) => Receipts): (store: Store) => Store {
  return (store) => ({
    ...store,
    archive: {
      ...store.archive,
      listReceipts: async (ref, query) => {
        const page = await store.archive.listReceipts(ref, query);
        return { ...page, items: change(page.items) };
      },
    },
  });
}

function describeTails(openStage: OpenStage): void {
  it("REC-13 the result of a run whose lease ended is committed under the next position while nobody took the session", async () => {
    const { stage, late } = await runBehindItsLease(openStage);

    expect(await stage.world.store.ledger.advance(late())).toMatchObject({ kind: "committed", position: 1 });

    expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: ["late"], position: 1 });
    expect(await stage.sender.runtime.verifySession(stage.ref)).toMatchObject({ isSound: true, receipts: 1 });
  });

  it("REC-14 a run that ends early leaves what it has: its interruption is committed, with its state", async () => {
    const stage = await openStage();
    await stage.bind();
    const host = executor(async (turn) => {
      await new Promise((resolve) => turn.signal.addEventListener("abort", resolve));
      return { kind: "cancelled", state: ["half of it"] };
    });
    await stage.worker("worker", host);
    const { completion } = await send(stage.sender, stage.ref);
    await stage.world.advance(1_000);

    await stage.sender.runtime.stopRuntimeExecutor(stage.ref, { command: "cancel" });
    await stage.world.advance(2_000);

    expect(await completion).toMatchObject({ kind: "cancelled" });
    expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: ["half of it"], position: 1 });
    const { items } = await stage.sender.runtime.listReceipts(stage.ref, { after: 0, limit: 10 });
    expect(items).toMatchObject([{ result: "cancelled" }]);
  });

  it("REC-16 REC-17 a late result is refused once the session went on: it conflicts with what was committed", async () => {
    const { stage, late, inputId } = await runBehindItsLease(openStage);
    const command = late();
    await stage.worker("heir", recording());
    await stage.world.advance(10_000);

    expect(await stage.world.store.ledger.advance(command)).toEqual({ kind: "fenced" });
    expect(await stage.world.store.ledger.advance({ ...command, expectedPosition: 7 })).toEqual({ kind: "fenced" });
    const other = { ...command, fence: { ...command.fence, runId: "run_of_another" as RunId } };
    expect(await stage.world.store.ledger.advance(other)).toEqual({ kind: "fenced" });
    const receipts = await stage.sender.runtime.listReceipts(stage.ref, { after: 0, limit: 10 });
    expect(receipts.items.map(({ contributors }) => contributors)).toEqual([[inputId]]);
  });
}

/** A worker that ran to its end and could not say so before its lease was over. */
async function runBehindItsLease(openStage: OpenStage) {
  const stage: Stage = await openStage();
  await stage.bind();
  const commands: AdvanceCommand[] = [];
  const wrap = withLedger(() => ({
    advance: async (command) => {
      commands.push(command);
      throw new AppError("store.unavailable");
    },
  }));
  const worker = await stage.worker("late", recording(), { wrap });
  const { inputId } = await send(stage.sender, stage.ref, "late");
  await stage.world.advance(1_000);
  worker.kill();
  await stage.world.advance(12_000);
  return { stage, inputId, late: () => commands[0] as AdvanceCommand };
}

/** A store whose session says that it is stopped, although something is queued. */
function stoppedWithWork(store: Store): Store {
  return {
    ...store,
    directory: {
      ...store.directory,
      find: async (ref) => {
        const record = await store.directory.find(ref);
        return record === null ? null : { ...record, phase: "stopped" };
      },
    },
  };
}
