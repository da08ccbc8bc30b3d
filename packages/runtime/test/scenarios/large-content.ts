/** Content that is too large for the ledger: where it lies is nobody's concern but the store's. */
import { DEFAULT_TIMING, type NewInput, type RequestId, type RunId } from "@holdfast/contracts";
import { prompt } from "@holdfast/testkit";
import { expect, it } from "vitest";
import { type Store, sha256, type Turn, withLargeContent } from "../../src/index.ts";
import { executor, recording, textsOf } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { keyed, send } from "../support/send.ts";
import type { OpenStage } from "./stage.ts";

const requestId = (name: string) => `req ${name}` as RequestId;
const INLINE_BYTES = 1_000;
const LONG = `a long text with an ${"ö".repeat(2 * INLINE_BYTES)}`;
const WRAPPED = {
  wrap: (store: Store) => withLargeContent(store, { sha256, timing: DEFAULT_TIMING, inlineBytes: INLINE_BYTES }),
};

/** Counts how often blobs are read. */
function counting(reads: { count: number }) {
  return {
    wrap: (store: Store) =>
      WRAPPED.wrap({
        ...store,
        blobs: {
          ...store.blobs,
          find: (ref, name) => {
            reads.count += 1;
            return store.blobs.find(ref, name);
          },
        },
      }),
  };
}

/** What is large, on any store. */
export function describeLargeContent(openStage: OpenStage): void {
  it("keeps a payload, a state and an output above the limit as references, whole for whoever reads them", async () => {
    const stage = await openStage();
    const { world, ref } = stage;
    await stage.bind();
    const sender = await stage.process("large sender", WRAPPED);
    await stage.worker("worker", recording(), WRAPPED);

    const sent = await send(sender, ref, keyed("key", LONG));
    await world.advance(1_000);

    expect(await sent.completion).toMatchObject({ kind: "completed", output: LONG });
    const stored = await world.store.archive.findInput(ref, sent.inputId);
    const reference = { $blob: expect.stringMatching(/^sha256-[\w-]{43}$/), bytes: expect.any(Number) };
    expect(JSON.parse(stored?.payload ?? "")).toEqual(reference);
    expect(stored?.outcome).toMatchObject({ kind: "completed", output: reference });
    expect(JSON.parse((await world.store.archive.findState(ref))?.state ?? "")).toEqual(reference);

    const state = await sender.runtime.inputState(ref, { inputId: sent.inputId });
    expect(state).toMatchObject({ input: { text: LONG }, outcome: { output: LONG } });
    const page = await sender.runtime.listInputs(ref, { after: 0, limit: 10 });
    expect(page.items.map(({ input }) => (input as { text: string }).text)).toEqual([LONG]);
    expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: [LONG] });
    expect((await sender.runtime.verifySession(ref)).faults).toEqual([]);
  });

  it("knows an input by its key wherever its payload lies", async () => {
    const stage = await openStage();
    const { ref, sender } = stage;
    await stage.bind();
    const large = await stage.process("large sender", WRAPPED);
    const first = await large.runtime.acceptInput(ref, keyed("key", LONG));

    // This one keeps all content in the ledger.
    const repeated = await sender.runtime.acceptInput(ref, keyed("key", LONG));
    const other = await rejection(large.runtime.acceptInput(ref, keyed("key", `${LONG}!`)));

    expect(first).toMatchObject({ kind: "accepted" });
    expect(repeated).toMatchObject({ kind: "deduplicated" });
    expect(other).toMatchObject({ code: "idempotency.mismatch" });
  });

  it("does not read a large state where it is warm", async () => {
    const stage = await openStage();
    const { world, ref } = stage;
    await stage.bind();
    const reads = { count: 0 };
    const states: unknown[] = [];
    const holding = executor((turn) => {
      states.push(turn.state);
      return { kind: "completed", state: { text: LONG, number: states.length } };
    });
    await stage.worker("worker", holding, counting(reads));

    for (let count = 0; count < 3; count += 1) {
      await send(stage.sender, ref, "short");
      await world.advance(1_000);
    }

    expect(states).toEqual([null, { text: LONG, number: 1 }, { text: LONG, number: 2 }]);
    expect(reads.count).toBe(0);
  });

  it("fails a run whose content is missing, keeps its input, and goes on once it is back", async () => {
    const stage = await openStage({ budget: { maxFailures: 2 } });
    const { world, ref } = stage;
    await stage.bind();
    const sender = await stage.process("large sender", WRAPPED);
    const sent = await send(sender, ref, LONG);
    const stored = await world.store.archive.findInput(ref, sent.inputId);
    const { $blob: name } = JSON.parse(stored?.payload ?? "") as { $blob: string };
    const content = (await world.store.blobs.find(ref, name)) as Uint8Array;
    await world.store.blobs.clear(ref);
    const seen: string[][] = [];
    const listening = executor((turn: Turn) => {
      seen.push(textsOf(turn));
      return { kind: "completed" };
    });

    expect(await rejection(sender.runtime.inputState(ref, { inputId: sent.inputId }))).toMatchObject({
      code: "blob.missing",
    });
    expect(await sender.runtime.listInputs(ref, { after: 0, limit: 10 })).toMatchObject({
      items: [],
      corrupt: [sent.inputId],
    });
    await stage.worker("worker", listening, WRAPPED);
    await world.advance(60_000);
    expect(await sent.completion).toMatchObject({ kind: "abandoned", failure: { code: "blob.missing" } });
    expect(seen).toEqual([]);

    await world.store.blobs.put(ref, name, content);
    await sender.runtime.redriveDeadLetter(ref, sent.inputId, { requestId: requestId("again") });
    await world.advance(1_000);
    expect(seen).toEqual([[LONG]]);
  });

  it("takes no content of an executor for a reference of its own", async () => {
    const stage = await openStage();
    const { world, ref } = stage;
    await stage.bind();
    const forged = { $blob: "sha256-none", bytes: 4 };
    const states: unknown[] = [];
    const forging = executor((turn) => {
      states.push(turn.state);
      return { kind: "completed", state: forged, output: forged };
    });
    await stage.worker("worker", forging, WRAPPED);
    const sender = await stage.process("large sender", WRAPPED);
    const reader = await stage.process("reader", WRAPPED);

    const first = await send(sender, ref, "one");
    await world.advance(1_000);
    await send(sender, ref, "two");
    await world.advance(1_000);

    expect(states).toEqual([null, forged]);
    expect(await first.completion).toMatchObject({ output: forged });
    expect(await reader.runtime.sessionState(ref)).toMatchObject({ state: forged });
  });

  it("hands large inputs to a run in progress, and what it kept and was resumed with to the one that goes on", async () => {
    const stage = await openStage();
    const { world, ref } = stage;
    await stage.bind();
    const sender = await stage.process("large sender", WRAPPED);
    const taken: string[] = [];
    const resumed: unknown[] = [];
    const waiting = executor(async (turn) => {
      if (turn.resumed !== null) {
        resumed.push(turn.resumed.data, turn.resumed.value, turn.state);
        return { kind: "completed" };
      }
      await turn.attention();
      const inputs = await turn.inbox({ checkpoint: { state: { text: LONG } } });
      taken.push(...inputs.map((input) => (input as { text: string }).text));
      return { kind: "suspended", on: { type: "approval", approvalId: "a" }, data: { kept: LONG } };
    });
    await stage.worker("worker", waiting, WRAPPED);
    const { inputId } = await send(sender, ref, "begin");
    await world.advance(1_000);
    await send(sender, ref, { ...prompt(LONG), turnMetadata: { handlingMode: "steer" } } as NewInput);
    await world.advance(1_000);
    const { runId } = (await sender.runtime.inputState(ref, { inputId })) as { runId: RunId };

    await sender.runtime.resumeRun(ref, { runId, requestId: requestId("yes"), value: { answer: LONG } });
    await world.advance(2_000);

    expect(taken).toEqual([LONG]);
    expect(resumed).toEqual([{ kept: LONG }, { answer: LONG }, { text: LONG }]);
  });
}
