import { type Admission, AppError, type InputId, type Outcome, type RunId } from "holdfast";
import { describe, expect, it } from "vitest";
import type { ReplayInput } from "../../src/replay/parse-line.ts";
import { type PumpOptions, pump, type ReplayTarget } from "../../src/replay/pump.ts";
import { emptyTally, inFlight } from "../../src/replay/tally.ts";

const completed: Outcome = { kind: "completed", runId: "run_12345678" as RunId, position: 1, output: null };
const ack = { level: "memory", timeline: 0 } as const;
const inputId = "inp_12345678" as InputId;
const accepted = { kind: "accepted", inputId, admission: 1, status: "queued", signal: "wake", ack } as Admission;
const deduplicated: Admission = {
  kind: "deduplicated",
  inputId,
  existingId: inputId,
  admission: 1,
  status: "consumed",
  ack,
};

function inputs(count: number, sessions: number): ReplayInput[] {
  return Array.from({ length: count }, (_, index) => ({
    line: index + 1,
    sessionId: `session ${index % sessions}`,
    key: `key ${index}`,
    input: { kind: "prompt", text: String(index) },
  }));
}

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** A store whose admissions take a few turns of the event loop, in no particular order. */
function target(overrides: Partial<ReplayTarget> = {}) {
  const seen = { admitted: [] as ReplayInput[], underWay: 0, mostUnderWay: 0, waiting: 0, mostWaiting: 0 };
  const fake: ReplayTarget = {
    async admit(input) {
      seen.underWay += 1;
      seen.mostUnderWay = Math.max(seen.mostUnderWay, seen.underWay);
      for (let turn = 0; turn < (input.line * 7) % 5; turn += 1) await new Promise(setImmediate);
      seen.underWay -= 1;
      seen.admitted.push(input);
      return { admission: accepted, completion: Promise.resolve(completed) };
    },
    outcome: async () => completed,
    ...overrides,
  };
  return { fake, seen };
}

function options(fake: ReplayTarget, overrides: Partial<PumpOptions> = {}) {
  const tally = emptyTally();
  const made: PumpOptions = {
    target: fake,
    tally,
    signal: new AbortController().signal,
    concurrency: 16,
    maxInFlight: 100,
    pause: async () => {},
    ...overrides,
  };
  return { tally, made };
}

describe("the pump", () => {
  it("admits every input once and learns how it ended", async () => {
    const { fake, seen } = target();
    const { tally, made } = options(fake);

    await pump(stream(inputs(500, 20)), made);

    expect(new Set(seen.admitted.map(({ key }) => key)).size).toBe(500);
    expect(tally).toMatchObject({ read: 500, admitted: 500, done: 500, failed: 0, deduplicated: 0 });
    expect(inFlight(tally)).toBe(0);
  });

  it("sends what ended otherwise again as it is told to, and counts it apart", async () => {
    const cancelled: Outcome = { kind: "abandoned", reason: "cancelled", attempts: 1 };
    const { fake, seen } = target();
    const usual = target().fake;
    fake.admit = async (input) => {
      const { admission } = await usual.admit(input);
      seen.admitted.push(input);
      const isFirst = !input.key.endsWith("~2");
      return { admission, completion: Promise.resolve(isFirst && input.line % 5 === 0 ? cancelled : completed) };
    };
    const heard: string[] = [];
    const { tally, made } = options(fake, {
      maxInFlight: 3,
      onAdmitted: ({ key }) => heard.push(`admitted ${key}`),
      onEnded: ({ key }, outcome) => heard.push(`${outcome.kind} ${key}`),
      resend: (input, outcome) => (outcome.kind === "abandoned" ? { ...input, key: `${input.key}~2` } : null),
    });

    await pump(stream(inputs(50, 4)), made);

    expect(tally).toMatchObject({ read: 50, admitted: 60, resent: 10, done: 50, failed: 0 });
    expect(inFlight(tally)).toBe(0);
    expect(seen.admitted.filter(({ key }) => key.endsWith("~2"))).toHaveLength(10);
    expect(heard.filter((line) => line.startsWith("admitted"))).toHaveLength(60);
    expect(heard.indexOf("abandoned key 4")).toBeLessThan(heard.indexOf("admitted key 4~2"));
  });

  it("keeps the order of the file within a session (X3)", async () => {
    const { fake, seen } = target();
    const { made } = options(fake, { concurrency: 8 });

    await pump(stream(inputs(600, 7)), made);

    for (let session = 0; session < 7; session += 1) {
      const lines = seen.admitted.filter(({ sessionId }) => sessionId === `session ${session}`).map(({ line }) => line);
      expect(lines).toEqual(lines.toSorted((one, other) => one - other));
    }
  });

  it("does not admit the next of a session before the last was acknowledged (X3)", async () => {
    const open = new Set<string>();
    let hasOverlap = false;
    const { fake } = target({
      async admit({ sessionId }) {
        hasOverlap ||= open.has(sessionId);
        open.add(sessionId);
        await new Promise(setImmediate);
        open.delete(sessionId);
        return { admission: accepted, completion: Promise.resolve(completed) };
      },
    });

    await pump(stream(inputs(200, 3)), options(fake).made);

    expect(hasOverlap).toBe(false);
  });

  it("works on as many sessions at a time as it may, and no more (X5)", async () => {
    const { fake, seen } = target();

    await pump(stream(inputs(400, 100)), options(fake, { concurrency: 12 }).made);

    expect(seen.mostUnderWay).toBe(12);
  });

  it("reads no further than it may park (X5)", async () => {
    let read = 0;
    async function* endless() {
      for (const input of inputs(100_000, 1)) {
        read += 1;
        yield input;
      }
    }
    const stop = new AbortController();
    const { fake } = target({ admit: () => new Promise(() => {}) });
    const running = pump(endless(), options(fake, { concurrency: 2, signal: stop.signal }).made);
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);

    expect(read).toBe(2 * 16 + 1);
    stop.abort();
    await running;
  });

  it("awaits no more outcomes than it may (X5)", async () => {
    let waiting = 0;
    let most = 0;
    const { fake } = target({
      async admit() {
        waiting += 1;
        most = Math.max(most, waiting);
        const completion = (async () => {
          for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
          waiting -= 1;
          return completed;
        })();
        return { admission: accepted, completion };
      },
    });

    await pump(stream(inputs(300, 100)), options(fake, { concurrency: 64, maxInFlight: 20 }).made);

    expect(most).toBe(20);
  });

  it("repeats with the same key while the store does not answer, and says so once (X4)", async () => {
    const asked = new Map<string, number>();
    const outages: boolean[] = [];
    const { fake, seen } = target();
    const admit = (input: ReplayInput) => fake.admit(input);
    const flaky: ReplayTarget = {
      ...fake,
      admit: async (input) => {
        const times = (asked.get(input.key) ?? 0) + 1;
        asked.set(input.key, times);
        if (times <= 3) throw new AppError("store.unavailable");
        return admit(input);
      },
    };
    const { tally, made } = options(flaky, { concurrency: 1, onOutage: (isOver) => outages.push(isOver) });

    await pump(stream(inputs(2, 2)), made);

    expect(seen.admitted).toHaveLength(2);
    expect(outages).toEqual([true, true].flatMap(() => [false, true]));
    expect(tally).toMatchObject({ admitted: 2, done: 2, failed: 0, outages: 2 });
  });

  it("asks for an outcome by key when the wait for it broke (X4)", async () => {
    const { fake } = target({
      admit: async () => ({ admission: accepted, completion: Promise.reject(new AppError("store.unavailable")) }),
    });
    const { tally, made } = options(fake);

    await pump(stream(inputs(10, 2)), made);

    expect(tally).toMatchObject({ done: 10, failed: 0 });
  });

  it("counts what an earlier run admitted, and awaits its outcome", async () => {
    const { fake } = target({
      admit: async () => ({ admission: deduplicated, completion: Promise.resolve(completed) }),
    });
    const { tally, made } = options(fake);

    await pump(stream(inputs(10, 2)), made);

    expect(tally).toMatchObject({ admitted: 10, deduplicated: 10, done: 10 });
  });

  it("awaits nothing when it is told not to", async () => {
    const { fake } = target({ admit: async () => ({ admission: accepted, completion: new Promise(() => {}) }) });
    const { tally, made } = options(fake, { maxInFlight: 0 });

    await pump(stream(inputs(50, 5)), made);

    expect(tally).toMatchObject({ admitted: 50, done: 0 });
  });

  it("counts failures by reason and goes on", async () => {
    const failed: string[] = [];
    const answers: (() => ReturnType<ReplayTarget["admit"]>)[] = [
      () => Promise.reject(new AppError("idempotency.mismatch")),
      async () => ({
        admission: { kind: "rejected", reason: "durability_violation", detail: "no" },
        completion: null,
      }),
      async () => ({
        admission: accepted,
        completion: Promise.resolve({ kind: "abandoned", reason: "executor_lost", attempts: 10 }),
      }),
      async () => ({ admission: accepted, completion: Promise.resolve(completed) }),
    ];
    const { fake } = target({ admit: ({ line }) => answers[line - 1]?.() ?? Promise.reject(new Error("none")) });
    const { tally, made } = options(fake, { onFailed: ({ line }, reason) => failed.push(`${line} ${reason}`) });

    await pump(stream(inputs(4, 1)), made);

    expect(failed.toSorted()).toEqual(["1 idempotency.mismatch", "2 durability_violation", "3 executor_lost"]);
    expect(tally).toMatchObject({ admitted: 2, done: 1, failed: 3 });
  });

  it("admits nothing after the signal, and ends at once (X6)", async () => {
    const stop = new AbortController();
    const { fake, seen } = target();
    const admit = (input: ReplayInput) => fake.admit(input);
    const stopping: ReplayTarget = {
      ...fake,
      admit: async (input) => {
        const answer = await admit(input);
        if (seen.admitted.length === 40) stop.abort();
        return { ...answer, completion: new Promise(() => {}) };
      },
    };

    await pump(stream(inputs(10_000, 50)), options(stopping, { concurrency: 4, signal: stop.signal }).made);
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);

    expect(seen.admitted.length).toBeLessThan(40 + 4);
  });

  it("takes a store that is closed after the signal for no outage (X6)", async () => {
    const stop = new AbortController();
    const close: (() => void)[] = [];
    const told: boolean[] = [];
    const { fake } = target({
      admit: async () => {
        const completion = new Promise<Outcome>((_, reject) => {
          close.push(() => reject(new AppError("store.unavailable")));
        });
        if (close.length === 3) stop.abort();
        return { admission: accepted, completion };
      },
    });
    const { tally, made } = options(fake, { signal: stop.signal, onOutage: (isOver) => told.push(isOver) });

    await pump(stream(inputs(3, 3)), made);
    for (const end of close) end();
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);

    expect(told).toEqual([]);
    expect(tally).toMatchObject({ outages: 0 });
  });

  it("fails with what its source fails with", async () => {
    async function* broken(): AsyncGenerator<ReplayInput> {
      yield* inputs(3, 1);
      throw new AppError("config.invalid");
    }

    await expect(pump(broken(), options(target().fake).made)).rejects.toMatchObject({ code: "config.invalid" });
  });
});
