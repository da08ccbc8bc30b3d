/** Phases of sessions: the machine as data, and what callers see of it. */
import type { SessionPhase, SessionState } from "@holdfast/contracts";
import { bitsOf, deriveState, findTransition, legalVerbs, SESSION_TABLE } from "@holdfast/domain";
import { event } from "@holdfast/testkit";
import { expect, it } from "vitest";
import { holding } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { send } from "../support/send.ts";
import { describePhases } from "./phases.ts";
import type { OpenStage } from "./stage.ts";

const NOTHING = { hasRun: false, isBusy: false, isBound: false, hasPending: false, areObligationsClosed: false };

/** What follows an event in a phase, or `null` when the machine refuses. */
function step(state: SessionPhase, type: string, facts: Partial<typeof NOTHING> = {}) {
  const bits = bitsOf(SESSION_TABLE.eventFacts[type] ?? [], { ...NOTHING, ...facts });
  return findTransition(SESSION_TABLE.rows, { state, event: type, bits });
}

const PHASES = SESSION_TABLE.states as readonly SessionPhase[];

/** Plays the scenarios of phases. */
export function describeStates(openStage: OpenStage): void {
  describeMachine();
  describePhases(openStage);
  describeSignals(openStage);

  it("STA-01 a session begins idle with its registration, and a second one changes nothing", async () => {
    const stage = await openStage();
    await stage.register();
    const born = await stage.sender.runtime.findSession(stage.ref);
    await stage.register();

    expect(SESSION_TABLE.initial).toBe("idle");
    expect(born).toMatchObject({ phase: "idle", state: "idle" });
    expect(await stage.sender.runtime.findSession(stage.ref)).toEqual(born);
  });

  it("STA-02 STA-03 attached is idle with an executor: binding makes it so, unbinding takes it back", async () => {
    const stage = await openStage();
    const { runtime } = stage.sender;
    const state = async () => runtime.runtimeState(stage.ref);
    const host = holding();
    const { worker } = await stage.worker("worker", host.executor);
    // What is not registered yet has nobody attached to it by who hosts an executor.
    await worker?.run(stage.ref);
    expect(await rejection(state())).toMatchObject({ code: "session.not_found" });
    expect(await runtime.sessionHasExecutor(stage.ref)).toBe(false);
    await stage.register();
    expect(await state()).toBe("idle");
    await worker?.run(stage.ref);
    expect(await state()).toBe("idle");
    await stage.bind();
    expect(await state()).toBe("attached");
    for (let time = 0; time < 2; time += 1) {
      await runtime.stopRuntimeExecutor(stage.ref);
      await stage.register();
      expect([await state(), await runtime.sessionHasExecutor(stage.ref)]).toEqual(["idle", false]);
    }
    expect(host.turns).toEqual([]);
    expect(deriveState({ phase: "recovering", isBound: true, hasRun: false })).toBe("recovering");
  });

  it("STA-08 a session that is asked to retire during a run is retired from then on, however the run ends", async () => {
    for (const [answer, outcome] of ANSWERS) {
      const stage = await openStage();
      await stage.bind("defer");
      const host = holding();
      await stage.worker("worker", host.executor);
      const ended = await send(stage.sender, stage.ref);
      await send(stage.sender, stage.ref);
      await stage.world.advance(1_000);
      const seen: SessionState[] = [await stage.sender.runtime.runtimeState(stage.ref)];

      await stage.sender.runtime.retire(stage.ref);
      seen.push(await stage.sender.runtime.runtimeState(stage.ref));
      host.last().answer(answer);
      await stage.world.advance(1_000);
      seen.push(await stage.sender.runtime.runtimeState(stage.ref));
      expect(await ended.completion).toMatchObject(outcome);
      host.last().answer();
      await stage.world.advance(1_000);
      seen.push(await stage.sender.runtime.runtimeState(stage.ref));

      expect(host.turns).toHaveLength(2);
      expect(seen).toEqual(["running", "retired", "retired", "retired"]);
    }
  });
}

const FAILURE = { code: "model.refused", message: "no" };
const ANSWERS = [
  [
    { kind: "completed", output: 1 },
    { kind: "completed", output: 1 },
  ],
  [
    { kind: "failed", failure: FAILURE, isRetryable: false },
    { kind: "abandoned", failure: FAILURE },
  ],
  [{ kind: "cancelled" }, { kind: "cancelled" }],
] as const;

function describeMachine(): void {
  it("STA-06 STA-08 STA-20 settling a run leaves every phase as it is", () => {
    for (const phase of ["idle", "retired", "draining"] as const) {
      expect(step(phase, "run.settle", { hasRun: true })?.next).toBe(phase);
    }
    expect(step("idle", "control.retire", { hasRun: true, isBound: true })?.next).toBe("retired");
    expect(step("retired", "run.stage", { isBound: true })?.next).toBe("retired");
  });

  it("STA-13 recovering takes the run back, and its success leads to idle", () => {
    expect(step("idle", "store.rolled_back")).toMatchObject({
      next: "recovering",
      effects: expect.arrayContaining(["returnStaged"]),
    });
    expect(step("recovering", "recovery.finish")?.next).toBe("idle");
    expect(step("recovering", "control.recover")?.next).toBe("idle");
  });

  it("STA-14 STA-18 verbs that rebuild are refused while a run is in progress, and lead to idle otherwise", () => {
    for (const verb of ["recycle", "reset", "recover"]) {
      for (const phase of ["idle", "retired"] as const) {
        expect(step(phase, `control.${verb}`, { isBusy: true })).toBeNull();
        const next = verb === "recover" ? phase : "idle";
        expect(step(phase, `control.${verb}`)?.next).toBe(next);
      }
    }
  });

  it("STA-16 every phase but destroyed can be destroyed, and destroyed never again", () => {
    for (const phase of PHASES) {
      const next = step(phase, "control.destroy")?.next ?? null;
      expect([phase, next]).toEqual([phase, phase === "destroyed" ? null : "destroyed"]);
    }
  });

  it("STA-19 asking what is legal answers as the transition would, and changes nothing", () => {
    for (const phase of PHASES) {
      for (const isBusy of [false, true]) {
        const facts = { hasRun: isBusy, isBusy, isBound: true, hasPending: true };
        const legal = legalVerbs(phase, facts);
        for (const verb of ["recycle", "reset", "recover", "interrupt"] as const) {
          expect([phase, verb, legal.includes(verb)]).toEqual([
            phase,
            verb,
            step(phase, `control.${verb}`, facts) !== null,
          ]);
        }
      }
    }
  });
}

function describeSignals(openStage: OpenStage): void {
  it("STA-09 STA-10 STA-11 STA-12 an admission says what it asks for: a wake at rest, attention during a run", async () => {
    const stage = await openStage();
    await stage.bind();
    const host = holding();
    const signals: string[] = [];
    const admit = async (lane: "queue" | "steer") => {
      const admission = await stage.sender.runtime.ingest(stage.ref, event("click", { lane }));
      signals.push(admission.kind === "accepted" ? admission.signal : admission.kind);
    };

    await admit("queue");
    await stage.world.advance(100);
    expect(stage.world.wakes.waiting()).toBe(1);
    await admit("steer");
    await stage.worker("worker", host.executor);
    await stage.world.advance(2_000);
    expect(host.turns).toHaveLength(1);
    const looked = await Promise.all([host.last().turn.inbox(), stage.world.settle()]);
    await admit("queue");
    await stage.world.advance(2_000);
    // Nobody is woken during a run; who waits for attention gets it for what is steered, and for nothing else.
    expect(stage.world.wakes.waiting()).toBe(0);
    let isHeard = false;
    void host
      .last()
      .turn.attention()
      .then(() => {
        isHeard = true;
      });
    await stage.world.settle();
    expect([looked[0], isHeard]).toEqual([[], false]);
    await admit("steer");
    await stage.world.settle();

    expect(isHeard).toBe(true);
    expect(signals).toEqual(["wake", "immediate", "none", "immediate"]);
  });
}
