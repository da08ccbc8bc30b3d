import type { OperationAction, OperationId, OperationKind } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { feedCapacity, OPERATION_KIND_RULES } from "../../src/operation/operation-kinds.ts";
import { findDuplicateOperation, operationRefusal } from "../../src/operation/operation-rules.ts";

const operationId = "tool" as OperationId;

function codeOf(action: OperationAction, kind: OperationKind, isPeerReady = false): string {
  return operationRefusal(action, { operationId, status: "completed", kind, isPeerReady }).code;
}

describe("refusals", () => {
  it("names what an operation is before where it stands, for a peer alone", () => {
    expect(codeOf("peer_ready", "background_tool_op")).toBe("operation.peer_not_expected");
    expect(codeOf("peer_ready", "mob_member_child", true)).toBe("operation.already_peer_ready");
    expect(codeOf("peer_ready", "mob_member_child")).toBe("operation.invalid_transition");
    expect(codeOf("complete", "background_tool_op")).toBe("operation.invalid_transition");
  });

  it("says which operation refused what, and where it stands", () => {
    const refusal = operationRefusal("fail", {
      operationId,
      status: "retired",
      kind: "background_tool_op",
      isPeerReady: false,
    });

    expect(refusal.details).toEqual({ operationId, status: "retired", action: "fail" });
  });
});

describe("kinds", () => {
  it("expects a peer of child agents alone, and wakes for background tools alone", () => {
    const kinds = Object.entries(OPERATION_KIND_RULES);

    expect(kinds.flatMap(([kind, { isPeerExpected }]) => (isPeerExpected ? [kind] : []))).toEqual(["mob_member_child"]);
    expect(kinds.flatMap(([kind, { isWaking }]) => (isWaking ? [kind] : []))).toEqual(["background_tool_op"]);
  });
});

it.each([
  [0, 1_024],
  [256, 1_024],
  [257, 1_028],
])("keeps, where %i ended operations are kept, the last %i completions", (maxCompleted, capacity) => {
  expect(feedCapacity({ maxCompleted })).toBe(capacity);
});

it("finds what a wait names twice", () => {
  const ids = (names: string) => names.split("") as OperationId[];

  expect(findDuplicateOperation(ids("abc"))).toBeNull();
  expect(findDuplicateOperation(ids("abcb"))).toBe("b");
  expect(findDuplicateOperation([])).toBeNull();
});
