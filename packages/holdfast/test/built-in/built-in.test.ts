import { createHash } from "node:crypto";
import type { Input, InputId } from "@holdfast/contracts";
import type { Turn } from "@holdfast/runtime";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { echo, fold, foldBatching, foldSlowly } from "../../src/built-in/index.ts";

/** What the built-in executors look at. */
function turn(inputs: readonly Partial<Input>[], state: unknown = null): Turn {
  return { inputs, state } as unknown as Turn;
}

function prompt(text: string, key?: string): Partial<Input> {
  const id = `inp_${createHash("sha256").update(text).digest("hex").slice(0, 21)}` as InputId;
  return { kind: "prompt", id, text, ...(key === undefined ? {} : { idempotencyKey: key as Input["idempotencyKey"] }) };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

describe("echo", () => {
  it("answers with the texts of its inputs, a line each", async () => {
    const result = await echo.apply(turn([prompt("Hello"), { kind: "peer", body: "there" }]));

    expect(result).toEqual({ kind: "completed", state: { turns: 1 }, output: "Hello\nthere" });
  });

  it("counts its turns in the state", async () => {
    const result = await echo.apply(turn([prompt("again")], { turns: 41 }));

    expect(result).toMatchObject({ state: { turns: 42 } });
  });

  it("finds words in every kind of input", async () => {
    const inputs: Partial<Input>[] = [
      { kind: "flow_step", instructions: "pack" },
      { kind: "external_event", payload: { parcel: 7 } },
      { kind: "external_event", payload: "plain" },
      { kind: "continuation", reason: "approved" },
      { kind: "operation", event: { type: "completed" } },
    ];

    const result = await echo.apply(turn(inputs));

    expect(result).toMatchObject({ output: 'pack\n{"parcel":7}\nplain\napproved\ncompleted' });
  });
});

describe("fold", () => {
  it("chains key and text of its input to what was before", async () => {
    const first = hash("\nmsg-1\nHello");
    const second = hash(`${first}\nmsg-2\nWorld`);

    const result = await fold.apply(turn([prompt("World", "msg-2")], { count: 1, chain: first }));

    expect(result).toEqual({
      kind: "completed",
      state: { count: 2, chain: second },
      output: { count: 2, chain: second },
    });
  });

  it("uses the id of an input that has no key", async () => {
    const input = prompt("Hello");

    const result = await fold.apply(turn([input]));

    expect(result).toMatchObject({ state: { count: 1, chain: hash(`\n${input.id}\nHello`) } });
  });

  it("comes to the same chain however the inputs are batched", async () => {
    const batches = fc.array(fc.array(fc.tuple(fc.string(), fc.string()), { minLength: 1, maxLength: 5 }), {
      maxLength: 5,
    });

    await fc.assert(
      fc.asyncProperty(batches, async (given) => {
        const inputs = given.map((batch) => batch.map(([key, text]) => prompt(text, key)));
        let batched: unknown = null;
        for (const batch of inputs) batched = stateOf(await foldBatching.apply(turn(batch, batched)));
        let single: unknown = null;
        for (const input of inputs.flat()) single = stateOf(await fold.apply(turn([input], single)));
        expect(batched).toEqual(single);
      }),
    );
  });
});

function stateOf(result: Awaited<ReturnType<typeof fold.apply>>): unknown {
  return result.kind === "completed" ? result.state : null;
}

describe("a slow fold", () => {
  it("folds as the fast one does", async () => {
    const inputs = [prompt("Hello", "m1")];
    const { signal } = new AbortController();

    expect(await foldSlowly.apply({ ...turn(inputs), signal } as Turn)).toEqual(await fold.apply(turn(inputs)));
  });

  it("is cut short by its signal", async () => {
    const abort = new AbortController();
    const folding = foldSlowly.apply({ ...turn([prompt("Hello")]), signal: abort.signal } as Turn);

    abort.abort();

    await expect(folding).rejects.toThrow("aborted");
  });
});
