import { type Boundary, RunId } from "@holdfast/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BatchRequest, type Candidate, selectBatch } from "../../src/lane/select-batch.ts";
import { inputId } from "../input/sample-input.ts";

const runA = RunId.parse("run_aaaaaaaa");
const runB = RunId.parse("run_bbbbbbbb");

function candidate(n: number, fields: Partial<Candidate> = {}): Candidate {
  return { inputId: inputId(n), isPrompt: false, boundary: "run_start", isSolo: false, ...fields };
}

function select(fields: Partial<BatchRequest>) {
  return selectBatch({ steer: [], queue: [], maxInputs: 100, canBatchPrompts: false, ...fields });
}

const ids = (...numbers: number[]) => numbers.map(inputId);
const prompt = { isPrompt: true } as const;
const solo = { isSolo: true } as const;
const checkpoint = { boundary: "run_checkpoint" } as const;

describe("selectBatch", () => {
  it("selects nothing from empty lanes (B6)", () => {
    expect(select({})).toBeNull();
  });

  it("serves the steer lane first and as a whole, prompts included (B1)", () => {
    const steer = [candidate(2, checkpoint), candidate(3, { ...checkpoint, ...prompt }), candidate(4, checkpoint)];

    expect(select({ steer, queue: [candidate(1)] })).toEqual({
      lane: "steer",
      boundary: "run_checkpoint",
      inputIds: ids(2, 3, 4),
    });
  });

  it("ends a steer batch where the boundary changes (B4)", () => {
    const steer = [candidate(1, checkpoint), candidate(2), candidate(3, checkpoint)];

    expect(select({ steer })).toMatchObject({ boundary: "run_checkpoint", inputIds: ids(1) });
  });

  it("runs a queued prompt alone (B5)", () => {
    expect(select({ queue: [candidate(1, prompt), candidate(2, prompt)] })?.inputIds).toEqual(ids(1));
  });

  it("takes the leading inputs up to the first prompt (B5)", () => {
    expect(select({ queue: [candidate(1), candidate(2), candidate(3, prompt), candidate(4)] })).toEqual({
      lane: "queue",
      boundary: "run_start",
      inputIds: ids(1, 2),
    });
  });

  it("takes leading prompts together, and nothing else, for an executor that batches (B5)", () => {
    const queue = [candidate(1, prompt), candidate(2, prompt), candidate(3), candidate(4, prompt)];

    expect(select({ queue, canBatchPrompts: true })?.inputIds).toEqual(ids(1, 2));
  });

  it("takes at most the inputs it may", () => {
    expect(select({ queue: [1, 2, 3, 4].map((n) => candidate(n)), maxInputs: 3 })?.inputIds).toEqual(ids(1, 2, 3));
  });

  it("stages a waiting run as the set it was, however small batches are now (B2)", () => {
    const queue = [1, 2, 3].map((n) => candidate(n, { runId: runA })).concat(candidate(4));

    expect(select({ queue, maxInputs: 2 })).toEqual({
      lane: "queue",
      boundary: "run_start",
      runId: runA,
      inputIds: ids(1, 2, 3),
    });
  });

  it("does not join two waiting runs (B2)", () => {
    const queue = [candidate(1, { runId: runA }), candidate(2, { runId: runB })];

    expect(select({ queue })).toMatchObject({ runId: runA, inputIds: ids(1) });
  });

  it("keeps a waiting batch of prompts together (B2)", () => {
    const queue = [candidate(1, { ...prompt, runId: runA }), candidate(2, { ...prompt, runId: runA })];

    expect(select({ queue })).toMatchObject({ runId: runA, inputIds: ids(1, 2) });
  });

  it("stops before an input of a waiting run (B2)", () => {
    expect(select({ queue: [candidate(1), candidate(2, { runId: runA })] })).toEqual({
      lane: "queue",
      boundary: "run_start",
      inputIds: ids(1),
    });
  });

  it("runs a solo entry alone, in front and behind (B3)", () => {
    expect(select({ queue: [candidate(1, solo), candidate(2)] })?.inputIds).toEqual(ids(1));
    expect(select({ queue: [candidate(1), candidate(2, solo)] })?.inputIds).toEqual(ids(1));
    expect(select({ steer: [candidate(1, solo), candidate(2)] })?.inputIds).toEqual(ids(1));
    expect(
      select({ queue: [candidate(1, { ...solo, runId: runA }), candidate(2, { runId: runA })] })?.inputIds,
    ).toEqual(ids(1));
  });
});

describe("whatever the lanes hold", () => {
  const anyEntry = fc.record({
    isPrompt: fc.boolean(),
    boundary: fc.constantFrom<Boundary>("run_start", "run_checkpoint"),
    isSolo: fc.boolean(),
    run: fc.constantFrom(undefined, undefined, runA, runB),
  });
  const anyLane = (first: number) =>
    fc.array(anyEntry, { maxLength: 8 }).map((entries) =>
      entries.map(
        ({ run, ...entry }, index): Candidate => ({
          ...entry,
          inputId: inputId(first + index),
          ...(run === undefined ? {} : { runId: run }),
        }),
      ),
    );
  const anyRequest = fc.record({
    steer: anyLane(100),
    queue: anyLane(200),
    maxInputs: fc.integer({ min: 1, max: 6 }),
    canBatchPrompts: fc.boolean(),
  });

  /** Checks a law on what was selected, with the members as candidates. */
  function holds(law: (request: BatchRequest, members: readonly Candidate[], head: Candidate) => void) {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const batch = selectBatch(request);
        const lane = request.steer.length > 0 ? request.steer : request.queue;
        const head = lane[0];
        expect(batch === null).toBe(head === undefined); // B6
        if (batch === null || head === undefined) return;
        const members = lane.slice(0, batch.inputIds.length);
        expect(members.map((member) => member.inputId)).toEqual(batch.inputIds); // B1
        law(request, members, head);
      }),
      { numRuns: 1_000 },
    );
  }

  it("a batch is never empty and leads its lane (B1, B6)", () => {
    holds((_request, members) => expect(members.length).toBeGreaterThan(0));
  });

  it("a batch is of one run, new or waiting, and a waiting one is complete (B2)", () => {
    holds((request, members, head) => {
      expect(members.every((member) => member.runId === head.runId)).toBe(true);
      const next = (request.steer.length > 0 ? request.steer : request.queue)[members.length];
      const isTorn = head.runId !== undefined && next?.runId === head.runId && !head.isSolo && !next.isSolo;
      expect(isTorn).toBe(false);
    });
  });

  it("a solo entry has no company (B3)", () => {
    holds((_request, members) => expect(members.length > 1 && members.some(({ isSolo }) => isSolo)).toBe(false));
  });

  it("a new run has one boundary (B4)", () => {
    holds((_request, members, head) => {
      const boundaries = new Set(members.map(({ boundary }) => boundary));
      expect(head.runId !== undefined || boundaries.size === 1).toBe(true);
    });
  });

  it("a new run of the queue lane mixes no prompt with anything else (B5)", () => {
    holds((request, members, head) => {
      if (head.runId !== undefined || request.steer.length > 0) return;
      const isAlone = head.isPrompt && !request.canBatchPrompts;
      expect(new Set(members.map(({ isPrompt }) => isPrompt)).size).toBe(1);
      expect(isAlone && members.length > 1).toBe(false);
    });
  });

  it("a new run keeps to the limit and is as long as the laws allow", () => {
    holds((request, members, head) => {
      if (head.runId !== undefined) return;
      expect(members.length).toBeLessThanOrEqual(request.maxInputs);
      const isSteer = request.steer.length > 0;
      const next = (isSteer ? request.steer : request.queue)[members.length];
      const canJoin =
        next !== undefined &&
        members.length < request.maxInputs &&
        next.runId === undefined &&
        next.boundary === head.boundary &&
        !head.isSolo &&
        !next.isSolo &&
        (isSteer || (next.isPrompt === head.isPrompt && (!head.isPrompt || request.canBatchPrompts)));
      expect(canJoin).toBe(false);
    });
  });
});
