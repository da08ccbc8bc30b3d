import { expect, it } from "vitest";
import { findAdmissionFault } from "../../src/input/admission-rules.ts";
import { backgroundCompletion } from "../../src/input/background-completion.ts";
import { parseNewInput } from "../../src/input/parse-input.ts";

it("is a derived continuation of the system that steers, and is seen by nobody", () => {
  const input = parseNewInput(backgroundCompletion());

  expect(input).toEqual({
    kind: "continuation",
    reason: "detached background operation completed",
    handlingMode: "steer",
    durability: "derived",
    source: { type: "system" },
    visibility: { isTranscriptEligible: false, isOperatorEligible: false },
  });
  expect(findAdmissionFault(input)).toBeNull();
});
