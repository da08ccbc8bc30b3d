import { type AbandonReason, type InputId, RunId, type SessionEvent } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { inputHistory, isHistoryOver, type TimedEvent } from "../../src/input/input-history.ts";
import { inputId } from "./sample-input.ts";

const id = inputId(1);
const other = inputId(2);
const runId = RunId.parse("run_00000001");
const another = RunId.parse("run_00000002");

/** One event after the other, a second each; those in a list became true together. */
function told(...steps: readonly (SessionEvent | readonly SessionEvent[])[]): TimedEvent[] {
  return steps.flatMap((step, index) =>
    [step].flat().map((event) => ({ at: 1_000 * (index + 1), event: event as SessionEvent })),
  );
}

function story(events: readonly TimedEvent[]): string[] {
  return inputHistory(id, events).map(({ at, from, to, reason }) => `${at / 1_000} ${from}→${to}: ${reason}`);
}

const admitted: SessionEvent = { type: "input.admitted", inputId: id, admission: 1 };
const started = (attempt = 1, inputIds: InputId[] = [id], run = runId): SessionEvent => {
  return { type: "run.started", runId: run, attempt, inputIds };
};
const completed = (inputIds: InputId[] = [id], run = runId): SessionEvent => {
  return { type: "run.completed", runId: run, position: 7, inputIds };
};
const failed = (requeued: InputId[] = [id]): SessionEvent => {
  return { type: "run.failed", runId, code: "model.busy", requeued };
};
const abandoned = (reason: AbandonReason): SessionEvent => ({ type: "input.abandoned", inputId: id, reason });

describe("the history of an input", () => {
  it("tells every step from its admission to its end", () => {
    expect(story(told(admitted, started(), completed()))).toEqual([
      "1 accepted→queued: admitted",
      `2 queued→staged: attempt 1 of ${runId}`,
      `3 staged→applied: contributed to ${runId}`,
      "3 applied→applied_pending: receipt 7",
      `3 applied_pending→consumed: ${runId} ended`,
    ]);
  });

  it("tells why it went back to its lane, each time", () => {
    const lost: SessionEvent = { type: "run.lost", runId, requeued: [id] };
    const released: SessionEvent = { type: "run.released", runId, requeued: [id] };

    expect(story(told(admitted, started(), failed(), started(2), lost, started(3), released))).toEqual([
      "1 accepted→queued: admitted",
      `2 queued→staged: attempt 1 of ${runId}`,
      `3 staged→queued: ${runId} failed: model.busy`,
      `4 queued→staged: attempt 2 of ${runId}`,
      `5 staged→queued: ${runId} lost its worker`,
      `6 queued→staged: attempt 3 of ${runId}`,
      `7 staged→queued: ${runId} was handed back`,
    ]);
  });

  it.each(["max_attempts_exhausted", "executor_lost"] as const)(
    "ends with the last attempt when that spent its budget (%s)",
    (reason) => {
      expect(story(told(admitted, started(), [failed([]), abandoned(reason)]))).toEqual([
        "1 accepted→queued: admitted",
        `2 queued→staged: attempt 1 of ${runId}`,
        `3 staged→abandoned: ${reason}`,
      ]);
    },
  );

  it("keeps the return of a failed attempt when it is ended later", () => {
    expect(story(told(admitted, started(), failed(), abandoned("reset"))).slice(-2)).toEqual([
      `3 staged→queued: ${runId} failed: model.busy`,
      "4 queued→abandoned: reset",
    ]);
  });

  it.each([
    [{ type: "input.superseded", inputId: id, by: other } as const, `superseded: superseded by ${other}`],
    [{ type: "input.coalesced", inputId: id, into: other } as const, `coalesced: coalesced into ${other}`],
    [abandoned("stopped"), "abandoned: stopped"],
  ])("names what took it out of its lane: %j", (event, end) => {
    expect(story(told(admitted, event))).toEqual(["1 accepted→queued: admitted", `2 queued→${end}`]);
  });

  it("of a cancelled run ends with it", () => {
    const cancelled: SessionEvent = { type: "run.cancelled", runId, position: 7, inputIds: [id] };

    expect(story(told(admitted, started(), cancelled)).at(-1)).toBe("3 staged→abandoned: cancelled");
  });

  it("of what is consumed on admission has one step", () => {
    expect(story(told({ type: "input.admitted", inputId: id, admission: 1, isConsumed: true }))).toEqual([
      "1 accepted→consumed: consumed on admission",
    ]);
  });

  it("says nothing of other inputs and other runs", () => {
    const events = told(
      admitted,
      { type: "input.admitted", inputId: other, admission: 2 },
      started(1, [other], another),
      { type: "run.failed", runId: another, code: "model.busy", requeued: [other] },
      completed([other], another),
      { type: "input.deduplicated", inputId: id, existingId: id },
      { type: "session.phase_changed", verb: "retire", from: "idle", to: "retired" },
    );

    expect(story(events)).toEqual(["1 accepted→queued: admitted"]);
  });

  it("ends where the input did", () => {
    const done = told(admitted, started(), completed());

    expect(inputHistory(id, [...done, ...told(started(2))])).toEqual(inputHistory(id, done));
    expect(isHistoryOver(inputHistory(id, done))).toBe(true);
    expect(isHistoryOver(inputHistory(id, done.slice(0, 2)))).toBe(false);
    expect(isHistoryOver([])).toBe(false);
  });

  it("of an input that another run took up begins there when earlier events are gone", () => {
    expect(story(told(started(2), completed()))).toHaveLength(4);
  });
});
