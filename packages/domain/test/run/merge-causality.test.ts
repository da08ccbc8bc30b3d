import { expect, it } from "vitest";
import { mergeCausality } from "../../src/run/merge-causality.ts";

it("keeps what every input says alike", () => {
  const inputs = [
    { correlationId: "c", causationId: "run_1", objectiveId: "tidy" },
    { correlationId: "c", causationId: "run_1", objectiveId: "tidy" },
  ];

  expect(mergeCausality(inputs)).toEqual({ correlationId: "c", causationId: "run_1", objectiveId: "tidy" });
});

it("leaves out what two say differently, also when a later one agrees with the first", () => {
  const inputs = [
    { correlationId: "c", objectiveId: "tidy" },
    { correlationId: "c", objectiveId: "cook" },
    { correlationId: "c", objectiveId: "tidy" },
  ];

  expect(mergeCausality(inputs)).toEqual({ correlationId: "c" });
});

it("leaves out what only some say", () => {
  expect(mergeCausality([{}, { objectiveId: "tidy" }])).toEqual({});
  expect(mergeCausality([{ objectiveId: "tidy" }, {}])).toEqual({});
});

it("is that of the only input", () => {
  expect(mergeCausality([{ objectiveId: "tidy" }])).toEqual({ objectiveId: "tidy" });
});
