import { DrainPhase, SessionState } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { desiredDrainMode, drainObligations, stepDrain } from "../../src/index.ts";
import { DRAIN_TABLE } from "../../src/machine/machines.ts";

type Event = Parameters<typeof stepDrain>[1];
type Facts = Parameters<typeof stepDrain>[2];

/** Folds events from birth; every one must be taken. */
function after(...events: (Event | readonly [Event, Facts])[]) {
  let phase: DrainPhase = "inactive";
  const effects: string[] = [];
  for (const entry of events) {
    const [event, facts] = typeof entry === "string" ? [entry, {}] : entry;
    const step = stepDrain(phase, event, facts);
    if (step === null) throw new Error(`${event} is refused in ${phase}`);
    phase = step.phase;
    effects.push(...step.effects);
  }
  return { phase, effects, owed: drainObligations(phase) };
}

const closings = (effects: readonly string[]) => effects.filter((effect) => effect === "closeSpawn").length;

describe("the drain machine", () => {
  it("owes a spawn from the wish until the task runs, and closes it once [D41]", () => {
    expect(after("drain.ensure")).toEqual({ phase: "starting", effects: ["spawnTask"], owed: ["spawn"] });

    const running = after("drain.ensure", "task.spawned");

    expect(running).toMatchObject({ phase: "running", owed: [] });
    expect(closings(running.effects)).toBe(1);
  });

  it("closes a spawn that never comes about, once, whichever way the start ends [D41]", () => {
    const endings: (Event | readonly [Event, Facts])[] = [
      "task.exited",
      ["task.exited", { hasFailed: true }],
      ["task.exited", { hasFailed: true, isPersistentHost: true }],
      "task.aborted",
      "drain.stop",
    ];
    for (const ending of endings) {
      const ended = after("drain.ensure", ending);

      expect({ ending, owed: ended.owed, closings: closings(ended.effects) }).toEqual({
        ending,
        owed: [],
        closings: 1,
      });
    }
  });

  it("emits a closing exactly where a spawn was owed [D41]", () => {
    for (const phase of DrainPhase.options) {
      for (const key of Object.keys(DRAIN_TABLE.rows).filter((row) => row.startsWith(`${phase}|`))) {
        const effects = DRAIN_TABLE.rows[key] ?? "";
        expect({ key, closes: effects.includes("closeSpawn") }).toEqual({ key, closes: phase === "starting" });
      }
    }
  });

  it("is over with an abort once it is stopped: what the task reports later changes nothing", () => {
    const stopped = after("drain.ensure", "task.spawned", "drain.stop");

    expect(stopped).toMatchObject({ phase: "stopped", owed: [] });
    expect(stopped.effects).toContain("abortTask");
    for (const late of ["task.spawned", "task.exited", "task.aborted", "drain.stop"] as const) {
      expect(stepDrain("stopped", late, { hasFailed: true, isPersistentHost: true })).toBeNull();
    }
  });

  it("leaves only a host that failed respawnable [D42]", () => {
    const exit = (facts: Facts) => after("drain.ensure", "task.spawned", ["task.exited", facts]).phase;

    expect(exit({ hasFailed: true, isPersistentHost: true })).toBe("exited_respawnable");
    expect(exit({ hasFailed: true, isPersistentHost: false })).toBe("stopped");
    expect(exit({ hasFailed: false, isPersistentHost: true })).toBe("stopped");
    expect(
      after("drain.ensure", ["task.exited", { hasFailed: true, isPersistentHost: true }], "drain.stop").phase,
    ).toBe("stopped");
  });

  it("answers a second wish for a drain that is there with a refusal", () => {
    expect(stepDrain("starting", "drain.ensure")).toBeNull();
    expect(stepDrain("running", "drain.ensure")).toBeNull();
  });

  it("gives a dismissed session no drain, whatever phase its last one ended in [D43]", () => {
    for (const phase of DrainPhase.options) {
      expect(stepDrain(phase, "drain.ensure", { isDismissed: true })).toBeNull();
    }
    expect(stepDrain("stopped", "drain.ensure", { isDismissed: false })).toMatchObject({ phase: "starting" });
  });
});

describe("the desired drain", () => {
  it("is by the session's state, and only for one with an inbox that is kept alive", () => {
    const wish = (hasComms: boolean, isKeepAlive: boolean) =>
      Object.fromEntries(
        SessionState.options.map((state) => [state, desiredDrainMode({ state, hasComms, isKeepAlive })]),
      );
    const none = Object.fromEntries(SessionState.options.map((state) => [state, null]));

    expect(wish(true, true)).toEqual({
      ...none,
      attached: "attached_session",
      running: "attached_session",
      recovering: "attached_session",
      idle: "persistent_host",
    });
    for (const [hasComms, isKeepAlive] of [
      [false, false],
      [false, true],
      [true, false],
    ] as const) {
      expect(wish(hasComms, isKeepAlive)).toEqual(none);
    }
  });
});
