/** What an input goes through, and what never happens to it. */
import type { InputStep, RequestId } from "@holdfast/contracts";
import { bitsOf, findTransition, INPUT_TABLE } from "@holdfast/domain";
import { driveSession, event, progress } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { failure } from "../support/bound-session.ts";
import { executor, holding, recording, textsOf } from "../support/executors.ts";
import { keyed, send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ALL = { after: 0, limit: 100 };
const EVENTS = Object.keys(INPUT_TABLE.eventFacts);

/** Proves the scenarios of the input's lifecycle on a store. */
export function describeInputLifecycle(openStage: OpenStage): void {
  describe("the machine of an input", () => {
    describeMachine();
  });
  describe("the life of an input", () => {
    describeLife(openStage);
    describeBudget(openStage);
    describeEnds(openStage);
    describeBounds(openStage);
  });
}

/** Where an event leads from a state, over every combination of facts; empty when it is refused. */
function targets(state: InputStep, event: string): string[] {
  const facts = INPUT_TABLE.eventFacts[event] ?? [];
  const combinations = Array.from({ length: 2 ** facts.length }, (_, index) =>
    bitsOf(facts, Object.fromEntries(facts.map((fact, place) => [fact, (index >> place) % 2 === 1]))),
  );
  const next = combinations.map((bits) => findTransition(INPUT_TABLE.rows, { state, event, bits })?.next);
  return [...new Set(next.filter((target) => target !== undefined))];
}

function describeMachine(): void {
  it("LIF-05 what was applied is never queued again", () => {
    expect(targets("applied_pending", "input.queue")).toEqual([]);
    for (const event of EVENTS) expect(targets("applied_pending", event)).not.toContain("queued");
  });

  it.each(["consumed", "superseded", "coalesced", "abandoned"] as const)(
    "LIF-06 what is %s refuses everything",
    (state) => {
      expect(EVENTS.flatMap((event) => targets(state, event))).toEqual([]);
    },
  );

  it("LIF-09 only what is queued is superseded or coalesced, not what is just accepted", () => {
    for (const [event, end] of [
      ["input.supersede", "superseded"],
      ["input.coalesce", "coalesced"],
    ] as const) {
      expect(targets("accepted", event)).toEqual([]);
      expect(targets("queued", event)).toEqual([end]);
    }
  });

  it("LIF-11 no state is skipped: neither staged from accepted, nor applied or consumed from queued", () => {
    for (const event of ["run.stage", "run.checkpoint", "run.commit"] as const) {
      expect(targets("accepted", event)).toEqual([]);
    }
    for (const event of ["run.checkpoint", "run.commit", "input.consume_on_accept"] as const) {
      expect(targets("queued", event)).toEqual([]);
    }
  });
}

async function bound(openStage: OpenStage): Promise<Stage> {
  const stage = await openStage();
  await stage.bind();
  return stage;
}

function describeLife(openStage: OpenStage): void {
  it("LIF-01 has five steps, each with its time and its reason", async () => {
    const stage = await bound(openStage);
    const { sender, ref, world } = stage;
    const host = holding();
    const admittedAt = world.clock.now();
    const { inputId } = await send(sender, ref);
    await world.advance(1_000);
    await stage.worker("worker", host.executor);
    await world.settle();
    await world.advance(2_000);
    const { runId } = host.last().turn;
    host.last().answer();
    await world.settle();

    const state = await sender.runtime.inputState(ref, { inputId });

    const steps: readonly [InputStep, InputStep, string][] = [
      ["accepted", "queued", "admitted"],
      ["queued", "staged", `attempt 1 of ${runId}`],
      ["staged", "applied", `contributed to ${runId}`],
      ["applied", "applied_pending", "receipt 1"],
      ["applied_pending", "consumed", `${runId} ended`],
    ];
    expect(state?.history.map(({ from, to, reason }) => [from, to, reason])).toEqual(steps);
    const times = state?.history.map(({ at }) => at) ?? [];
    expect(times[0]).toBe(Math.floor(admittedAt));
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect((times[2] as number) - (times[1] as number)).toBeGreaterThanOrEqual(2_000);
  });

  it("LIF-10 is told alike after a restart, and its attempts go on counting", async () => {
    const stage = await bound(openStage);
    const { sender, ref, world } = stage;
    const host = holding();
    const first = await stage.worker("first", host.executor);
    const { inputId } = await send(sender, ref);
    await world.settle();
    host.last().answer(failure());
    await world.advance(60_000);
    host.last().answer(failure());
    await world.settle();
    const before = await sender.runtime.inputState(ref, { inputId });
    first.kill();
    sender.kill();

    const restarted = await stage.process("restarted");
    expect(await restarted.runtime.inputState(ref, { inputId })).toEqual(before);
    expect(before).toMatchObject({ status: "queued", attempts: 2, failures: 2 });
    await stage.worker(
      "second",
      executor(() => failure()),
    );
    await world.advance(600_000);

    expect(await restarted.runtime.waitForOutcome(ref, { inputId })).toMatchObject({
      kind: "abandoned",
      reason: "max_attempts_exhausted",
      attempts: 3,
    });
  });
}

function describeBudget(openStage: OpenStage): void {
  it("LIF-03 LIF-04 goes back to its lane after its first and second failure, and ends with the third", async () => {
    const stage = await bound(openStage);
    const { sender, ref, world } = stage;
    const host = holding();
    await stage.worker("worker", host.executor);
    const { inputId, completion } = await send(sender, ref);
    await world.settle();

    for (const attempts of [1, 2]) {
      host.last().answer(failure(new Date(world.clock.now() + 60_000).toISOString()));
      await world.advance(1_000);
      expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({ status: "queued", attempts });
      await world.advance(120_000);
    }
    host.last().answer(failure());
    await world.advance(600_000);

    expect(host.turns.map(({ turn }) => turn.attempt)).toEqual([1, 2, 3]);
    expect(await completion).toMatchObject({ kind: "abandoned", reason: "max_attempts_exhausted", attempts: 3 });
    expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({
      status: "abandoned",
      history: [
        { to: "queued" },
        { to: "staged" },
        { from: "staged", to: "queued" },
        { to: "staged" },
        { from: "staged", to: "queued" },
        { to: "staged" },
        { from: "staged", to: "abandoned", reason: "max_attempts_exhausted" },
      ],
    });
  });
}

function describeEnds(openStage: OpenStage): void {
  it.each([
    ["stop", "stopped"],
    ["destroy", "destroyed"],
  ] as const)("LIF-07 ends queued and staged alike on %s, with its reason told and recorded", async (verb, reason) => {
    const stage = await bound(openStage);
    const { sender, ref, world } = stage;
    await stage.worker("worker", holding().executor);
    const staged = await send(sender, ref, "staged");
    await world.settle();
    const queued = await send(sender, ref, "queued");
    expect(await sender.runtime.inputState(ref, staged)).toMatchObject({ status: "staged" });

    await sender.runtime.control(ref, { verb, requestId: "req_end00000001" as RequestId });
    await world.advance(10_000);

    for (const [{ inputId, completion }, attempts] of [
      [staged, 1],
      [queued, 0],
    ] as const) {
      expect(await completion).toEqual({ kind: "abandoned", reason, attempts });
      if (verb === "destroy") continue;
      const state = await sender.runtime.inputState(ref, { inputId });
      expect(state).toMatchObject({ status: "abandoned", outcome: { reason } });
      expect(state?.history.at(-1)).toMatchObject({ to: "abandoned", reason });
      const { items } = await sender.runtime.listEvents(ref, ALL);
      expect(items.map(({ event }) => event)).toContainEqual({ type: "input.abandoned", inputId, reason });
    }
  });

  it.each([
    ["stop", "stopped"],
    ["destroy", "destroyed"],
  ] as const)("LIF-07 ends what was applied before its run was over, too, on %s", async (verb, reason) => {
    const stage = await bound(openStage);
    const { sender, ref, world } = stage;
    const checkpointing = executor(async (turn) => {
      await turn.checkpoint({ state: "half" });
      return new Promise(() => {});
    });
    await stage.worker("worker", checkpointing);
    const { inputId, completion } = await send(sender, ref);
    await world.settle();
    expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({ status: "applied_pending" });

    await sender.runtime.control(ref, { verb, requestId: "req_end00000001" as RequestId });
    await world.advance(10_000);

    expect(await completion).toEqual({ kind: "abandoned", reason, attempts: 1 });
    if (verb === "destroy") return;
    const state = await sender.runtime.inputState(ref, { inputId });
    expect(state).toMatchObject({ status: "abandoned", outcome: { reason } });
    expect(state?.history.at(-1)).toMatchObject({ from: "applied_pending", to: "abandoned", reason });
  });

  it("LIF-07 records the outcome of what was applied", () => {
    expect(targets("applied_pending", "input.abandon")).toEqual(["abandoned"]);
    expect(findTransition(INPUT_TABLE.rows, { state: "applied_pending", event: "input.abandon", bits: "" })).toEqual({
      next: "abandoned",
      effects: ["recordOutcome"],
    });
  });

  it("LIF-09 names its successor when it is taken out of its lane", async () => {
    const stage = await bound(openStage);
    const { sender, ref } = stage;
    await stage.worker("worker", recording());
    const older = await send(sender, ref, progress("k"));
    const newer = await send(sender, ref, progress("k"));

    expect(await sender.runtime.inputState(ref, older)).toMatchObject({
      outcome: { kind: "coalesced", into: newer.inputId },
      history: [{ to: "queued" }, { from: "queued", to: "coalesced", reason: `coalesced into ${newer.inputId}` }],
    });
  });
}

/** What never happens to an input, whoever tries. */
function describeBounds(openStage: OpenStage): void {
  it("LIF-05 is not queued again once a boundary has committed it: not by a failure, a death or a recovery", async () => {
    const stage = await bound(openStage);
    const { sender, ref, world } = stage;
    const seen: unknown[] = [];
    const host = executor(async (turn) => {
      const { items } = await sender.runtime.listInputs(ref, ALL);
      seen.push([turn.attempt, turn.inputs.length, items.map(({ status }) => status)]);
      if (turn.attempt === 1) {
        await turn.checkpoint({ state: "half" });
        throw new Error("no");
      }
      return turn.attempt === 2 ? new Promise(() => {}) : { kind: "completed" };
    });
    const dying = await stage.worker("dying", host);
    const { inputId } = await send(sender, ref);
    await world.advance(5_000);
    dying.kill();
    await world.advance(15_000);

    await sender.runtime.recover(ref);
    const recovered = await sender.runtime.inputState(ref, { inputId });
    expect(await sender.runtime.findSession(ref)).toMatchObject({ queued: 0 });
    await stage.worker("heir", host);
    await world.advance(10_000);

    expect(recovered).toMatchObject({ status: "applied_pending" });
    expect(seen).toEqual([
      [1, 1, ["staged"]],
      [2, 0, ["applied_pending"]],
      [3, 0, ["applied_pending"]],
    ]);
    const state = await sender.runtime.inputState(ref, { inputId });
    expect(state?.history.map(({ to }) => to)).toEqual(["queued", "staged", "applied", "applied_pending", "consumed"]);
  });

  it("LIF-06 stays as it ended, whatever is done to its session afterwards", async () => {
    const stage = await bound(openStage);
    const { sender, ref, world } = stage;
    const { runtime } = sender;
    const session = driveSession(world.store, ref);
    const superseded = await session.accept({ input: event("mail", { scope: "k" }), queue: "supersede" });
    await session.accept({ input: event("mail", { scope: "k" }), queue: "supersede" });
    const coalesced = await send(sender, ref, progress("k"));
    await send(sender, ref, progress("k"));
    const refusing = executor((turn) => (textsOf(turn)[0] === "bad" ? { ...failure(), isRetryable: false } : recorded));
    await stage.worker("worker", refusing);
    const abandoned = await send(sender, ref, keyed("bad", "bad"));
    const consumed = await send(sender, ref, keyed("good", "good"));
    await world.advance(5_000);
    const ended = [superseded, coalesced, abandoned, consumed];
    const look = () => Promise.all(ended.map(({ inputId }) => runtime.inputState(ref, { inputId })));
    const before = await look();
    expect(before.map((state) => state?.status)).toEqual(["superseded", "coalesced", "abandoned", "consumed"]);

    for (const verb of ["recover", "recycle", "reset", "retire", "stop"] as const) {
      await runtime.control(ref, { verb, requestId: `req_${verb}` as RequestId });
      await world.advance(5_000);
      expect(await look()).toEqual(before);
    }
    await stage.bind();
    for (const name of ["bad", "good"]) {
      expect(await runtime.acceptInput(ref, keyed(name, name))).toMatchObject({ kind: "deduplicated" });
    }
    await world.advance(5_000);
    expect(await look()).toEqual(before);
  });

  it("LIF-11 is neither applied nor consumed while it is queued, though a run claims it as its own", async () => {
    const stage = await bound(openStage);
    const { sender, ref, world } = stage;
    const host = holding();
    await stage.worker("worker", host.executor);
    const first = await send(sender, ref, "first");
    const queued = await send(sender, ref, "queued");
    await world.settle();
    const before = await sender.runtime.inputState(ref, queued);

    host.last().answer({ kind: "completed", contributingInputIds: [first.inputId, queued.inputId] });
    await world.settle();

    expect(await sender.runtime.inputState(ref, queued)).toEqual(before);
    expect(before).toMatchObject({ status: "queued", attempts: 0 });
    expect((await sender.runtime.listReceipts(ref, ALL)).items).toEqual([]);
  });
}

const recorded = { kind: "completed" } as const;
