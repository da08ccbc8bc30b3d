import { KindId } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { describeAggregate, isCoalescingEligible } from "../../src/lane/aggregate.ts";
import { inputId } from "../input/sample-input.ts";

const identity = { inputId: inputId(9), at: 1_000 };

it("names every source in order, and says how many", () => {
  expect(describeAggregate([inputId(2), inputId(1)], identity)).toEqual({
    inputId: inputId(9),
    sourceIds: [inputId(2), inputId(1)],
    text: "2 coalesced inputs",
    at: 1_000,
  });
});

it("says one as one", () => {
  expect(describeAggregate([inputId(1)], identity)?.text).toBe("1 coalesced input");
});

it("is nothing for no sources", () => {
  expect(describeAggregate([], identity)).toBeNull();
});

it("does not change when the list it was made of does", () => {
  const sources = [inputId(1)];
  const aggregate = describeAggregate(sources, identity);
  sources.push(inputId(2));

  expect(aggregate?.sourceIds).toEqual([inputId(1)]);
});

it("is for external events and progress reports, and for no other kind", () => {
  expect(KindId.options.filter(isCoalescingEligible)).toEqual(["peer_response_progress", "external_event"]);
});
