import { expect, it } from "vitest";
import { DRAIN_TABLE, INPUT_TABLE, RUN_TABLE, SESSION_TABLE } from "../../src/machine/machines.ts";

/**
 * Rows as stored ledgers have been stepped by them: state, event and facts to the next state and the effects, in
 * order. A row may be added; one that changes means something else for what is stored already.
 */
const INPUT_ROWS = {
  "accepted|input.queue|": "queued:enterLane",
  "accepted|input.consume_on_accept|": "consumed:recordOutcome",
  "accepted|input.aggregate|": "coalesced:recordOutcome",
  "queued|input.supersede|": "superseded:leaveLane,recordOutcome",
  "queued|input.coalesce|": "coalesced:leaveLane,recordOutcome",
  "queued|input.abandon|": "abandoned:leaveLane,recordOutcome",
  "queued|input.drop|": "abandoned:leaveLane,recordOutcome",
  "queued|run.stage|": "staged:leaveLane,countAttempt",
  "staged|input.abandon|": "abandoned:recordOutcome",
  "staged|run.stage|": "staged:countAttempt",
  "staged|run.checkpoint|": "applied_pending:",
  "staged|run.commit|": "consumed:recordOutcome",
  "staged|run.cancel|": "abandoned:recordOutcome",
  "staged|run.roll_back|": "abandoned:recordOutcome",
  "staged|run.suspend|": "applied_pending:",
  "staged|run.supersede|": "superseded:recordOutcome",
  "staged|run.fail|000": "queued:countFailure,moveBehind",
  "staged|run.fail|100": "abandoned:countFailure,recordOutcome,deadLetter",
  "staged|run.fail|010": "queued:countFailure,returnToPlace",
  "staged|run.fail|110": "abandoned:countFailure,recordOutcome,deadLetter",
  "staged|run.fail|001": "staged:countFailure",
  "staged|run.fail|101": "abandoned:countFailure,recordOutcome,deadLetter",
  "staged|run.fail|011": "staged:countFailure",
  "staged|run.fail|111": "abandoned:countFailure,recordOutcome,deadLetter",
  "staged|run.lose|00": "queued:countLoss,returnToPlace",
  "staged|run.lose|10": "abandoned:countLoss,recordOutcome,deadLetter",
  "staged|run.lose|01": "staged:countLoss",
  "staged|run.lose|11": "abandoned:countLoss,recordOutcome,deadLetter",
  "staged|run.release|0": "queued:returnToPlace",
  "staged|run.release|1": "staged:",
  "applied_pending|input.abandon|": "abandoned:recordOutcome",
  "applied_pending|run.stage|": "applied_pending:countAttempt",
  "applied_pending|run.commit|": "consumed:recordOutcome",
  "applied_pending|run.cancel|": "consumed:recordOutcome",
  "applied_pending|run.roll_back|": "consumed:recordOutcome",
  "applied_pending|run.supersede|": "superseded:recordOutcome",
  "applied_pending|run.fail|000": "applied_pending:countFailure",
  "applied_pending|run.fail|100": "consumed:countFailure,recordOutcome",
  "applied_pending|run.fail|010": "applied_pending:countFailure",
  "applied_pending|run.fail|110": "consumed:countFailure,recordOutcome",
  "applied_pending|run.fail|001": "applied_pending:countFailure",
  "applied_pending|run.fail|101": "consumed:countFailure,recordOutcome",
  "applied_pending|run.fail|011": "applied_pending:countFailure",
  "applied_pending|run.fail|111": "consumed:countFailure,recordOutcome",
  "applied_pending|run.lose|00": "applied_pending:countLoss",
  "applied_pending|run.lose|10": "consumed:countLoss,recordOutcome",
  "applied_pending|run.lose|01": "applied_pending:countLoss",
  "applied_pending|run.lose|11": "consumed:countLoss,recordOutcome",
  "applied_pending|run.release|0": "applied_pending:",
  "applied_pending|run.release|1": "applied_pending:",
};

const RUN_ROWS = {
  "waiting|run.stage|": "staged:countAttempt",
  "waiting|run.split|": "superseded:clearJournal",
  "waiting|run.abandon|": "cancelled:clearJournal",
  "staged|run.commit|": "completed:writeReceipt,clearJournal",
  "staged|run.checkpoint|": "staged:writeReceipt",
  "staged|run.cancel|": "cancelled:writeReceipt,clearJournal",
  "staged|run.roll_back|": "cancelled:clearJournal",
  "staged|run.suspend|": "suspended:writeReceipt",
  "staged|run.supersede|": "superseded:writeReceipt,clearJournal",
  "staged|run.fail|0": "waiting:",
  "staged|run.fail|1": "failed:clearJournal",
  "staged|run.lose|0": "waiting:",
  "staged|run.lose|1": "failed:clearJournal",
  "staged|run.release|": "waiting:",
  "staged|run.abandon|": "cancelled:clearJournal",
  "suspended|run.resume|": "waiting:",
  "suspended|run.abandon|": "cancelled:clearJournal",
};

it("steps an input as it always has (N1, N2, N3)", () => {
  expect(INPUT_TABLE.rows).toMatchObject(INPUT_ROWS);
});

it("steps a run as it always has (R1, R2)", () => {
  expect(RUN_TABLE.rows).toMatchObject(RUN_ROWS);
});

it.each([
  [INPUT_TABLE, ["run.fail", "run.lose", "run.release"]],
  [RUN_TABLE, ["run.fail", "run.lose"]],
  [DRAIN_TABLE, ["drain.ensure", "task.exited"]],
])("carries facts with the events whose answer depends on them, and with no other: $0.id", ({ eventFacts }, events) => {
  expect(Object.keys(eventFacts).filter((event) => eventFacts[event]?.length !== 0)).toEqual(events);
});

it("names its machines", () => {
  expect([SESSION_TABLE, INPUT_TABLE, RUN_TABLE, DRAIN_TABLE].map(({ id }) => id)).toEqual([
    "session",
    "input",
    "run",
    "drain",
  ]);
});
