import { type Boundary, type Lane, RunId } from "@holdfast/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BatchLimits, type Candidate, selectBatch } from "../../src/lane/select-batch.ts";

interface Named extends Candidate {
  readonly name: number;
}

const runA = RunId.parse("run_aaaaaaaa");
const runB = RunId.parse("run_bbbbbbbb");

function candidate(name: number, fields: Partial<Candidate> = {}): Named {
  return { name, lane: "queue", isPrompt: false, boundary: "run_start", runId: null, isSolo: false, ...fields };
}

/** The names of what is selected from a lane. */
function select(inputs: Iterable<Named>, limits: Partial<BatchLimits> = {}): number[] {
  return selectBatch(inputs, { maxInputs: 100, isBatching: false, ...limits }).map(({ name }) => name);
}

const prompt = { isPrompt: true } as const;
const solo = { isSolo: true } as const;
const checkpoint = { boundary: "run_checkpoint" } as const;
const steer = { lane: "steer" } as const;

describe("selectBatch", () => {
  it("selects nothing from an empty lane (B6)", () => {
    expect(select([])).toEqual([]);
  });

  it("takes the steer lane as a whole, prompts included (B1)", () => {
    expect(select([candidate(2, steer), candidate(3, { ...steer, ...prompt }), candidate(4, steer)])).toEqual([
      2, 3, 4,
    ]);
  });

  it("ends a batch where the boundary changes (B4)", () => {
    const inputs = [candidate(1, checkpoint), candidate(2), candidate(3, checkpoint)];

    expect(select(inputs)).toEqual([1]);
    expect(select(inputs.map((input) => ({ ...input, ...steer })))).toEqual([1]);
  });

  it("runs a queued prompt alone (B5)", () => {
    expect(select([candidate(1, prompt), candidate(2, prompt)])).toEqual([1]);
  });

  it("takes the leading inputs up to the first prompt (B5)", () => {
    expect(select([candidate(1), candidate(2), candidate(3, prompt), candidate(4)])).toEqual([1, 2]);
  });

  it("takes leading prompts together, and nothing else, for an executor that batches (B5)", () => {
    const inputs = [candidate(1, prompt), candidate(2, prompt), candidate(3), candidate(4, prompt)];

    expect(select(inputs, { isBatching: true })).toEqual([1, 2]);
  });

  it("takes at most the inputs it may, and one at least", () => {
    const inputs = [1, 2, 3, 4].map((name) => candidate(name));

    expect(select(inputs, { maxInputs: 3 })).toEqual([1, 2, 3]);
    expect(select(inputs, { maxInputs: 0 })).toEqual([1]);
  });

  it("stages a run as the set it was, however small batches are now (B2)", () => {
    const inputs = [1, 2, 3].map((name) => candidate(name, { ...prompt, runId: runA })).concat(candidate(4));

    expect(select(inputs, { maxInputs: 2 })).toEqual([1, 2, 3]);
  });

  it("stages a run as the set it was, whatever has come between its members (B2)", () => {
    const inputs = [
      candidate(1, { runId: runA }),
      candidate(2),
      candidate(3, { runId: runB }),
      candidate(4, { runId: runA }),
      candidate(5, { ...prompt, ...solo }),
      candidate(6, { ...checkpoint, runId: runA }),
    ];

    expect(select(inputs)).toEqual([1, 4, 6]);
  });

  it("stops before an input of a run that exists (B2)", () => {
    expect(select([candidate(1), candidate(2, { runId: runA }), candidate(3)])).toEqual([1]);
  });

  it("runs a solo input alone, in front and behind (B3)", () => {
    expect(select([candidate(1, solo), candidate(2)])).toEqual([1]);
    expect(select([candidate(1), candidate(2, solo)])).toEqual([1]);
    expect(select([candidate(1, { ...steer, ...solo }), candidate(2, steer)])).toEqual([1]);
  });

  it("looks at no more of the lane than it needs", () => {
    const seen: number[] = [];
    function* lane(): Generator<Named> {
      for (const input of [candidate(1, prompt), candidate(2), candidate(3)]) {
        seen.push(input.name);
        yield input;
      }
    }

    select(lane());

    expect(seen).toEqual([1]);
  });
});

describe("whatever a lane holds", () => {
  const anyEntry = fc.record({
    isPrompt: fc.boolean(),
    boundary: fc.constantFrom<Boundary>("run_start", "run_checkpoint"),
    isSolo: fc.boolean(),
    runId: fc.constantFrom(null, null, runA, runB),
  });
  const anyInputs = fc
    .tuple(fc.constantFrom<Lane>("steer", "queue"), fc.array(anyEntry, { maxLength: 8 }))
    .map(([lane, entries]) => entries.map((entry, name): Named => ({ ...entry, lane, name })));
  const anyLimits = fc.record({ maxInputs: fc.integer({ min: 1, max: 6 }), isBatching: fc.boolean() });

  interface Choice {
    readonly inputs: readonly Named[];
    readonly limits: BatchLimits;
    readonly first: Named;
    readonly members: readonly Named[];
  }

  /** Checks a law on every choice; a lane that has something always gives something (B6). */
  function holds(law: (choice: Choice) => void) {
    fc.assert(
      fc.property(anyInputs, anyLimits, (inputs, limits) => {
        const members = selectBatch(inputs, limits);
        const first = inputs[0];
        expect(members.length === 0).toBe(first === undefined);
        if (first !== undefined) law({ inputs, limits, first, members });
      }),
      { numRuns: 1_000 },
    );
  }

  it("a new batch leads its lane, and is of one boundary (B1, B4, B6)", () => {
    holds(({ inputs, first, members }) => {
      if (first.runId !== null) return;
      expect(members).toEqual(inputs.slice(0, members.length));
      expect(new Set(members.map(({ boundary }) => boundary)).size).toBe(1);
    });
  });

  it("a run that exists is complete, in order, and has no company (B2)", () => {
    holds(({ inputs, first, members }) => {
      if (first.runId === null) expect(members.every(({ runId }) => runId === null)).toBe(true);
      else expect(members).toEqual(inputs.filter(({ runId }) => runId === first.runId));
    });
  });

  it("a solo input has no company in a new batch (B3)", () => {
    holds(({ first, members }) => {
      if (first.runId === null) expect(members.length > 1 && members.some(({ isSolo }) => isSolo)).toBe(false);
    });
  });

  it("a new batch of the queue lane mixes no prompt with anything else (B5)", () => {
    holds(({ first, members, limits }) => {
      if (first.runId !== null || first.lane === "steer") return;
      expect(new Set(members.map(({ isPrompt }) => isPrompt)).size).toBe(1);
      expect(first.isPrompt && !limits.isBatching && members.length > 1).toBe(false);
    });
  });

  it("a new batch keeps to the limit and is as long as the laws allow", () => {
    holds(({ inputs, first, members, limits }) => {
      if (first.runId !== null) return;
      expect(members.length).toBeLessThanOrEqual(limits.maxInputs);
      const next = inputs[members.length];
      const canJoin =
        next !== undefined &&
        members.length < limits.maxInputs &&
        next.runId === null &&
        next.boundary === first.boundary &&
        !first.isSolo &&
        !next.isSolo &&
        (first.lane === "steer" || (next.isPrompt === first.isPrompt && (!first.isPrompt || limits.isBatching)));
      expect(canJoin).toBe(false);
    });
  });
});
