import { type Admission, isAppError, type NewInput } from "@holdfast/contracts";
import { binding, event, prompt, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { ref, withSender, withSession } from "../support/bound-session.ts";
import { recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { keyed } from "../support/send.ts";
import { createWorld } from "../support/world.ts";

describe("an accepted input", () => {
  it("is told its number, its policy, its signal and how durable it is (G1)", async () => {
    const { sender } = await withSession();

    const admission = await sender.runtime.acceptInput(ref, prompt("hello"));

    expect(admission).toMatchObject({
      kind: "accepted",
      inputId: expect.stringMatching(/^inp_/) as string,
      admission: 1,
      status: "queued",
      signal: "wake",
      policy: { lane: "queue", wake: "wake_if_idle" },
      ack: { level: "memory", timeline: 0 },
    });
  });

  it("is kept with an id and a time", async () => {
    const { world, sender } = await withSession();

    const admission = (await sender.runtime.acceptInput(ref, prompt("hello"))) as Extract<
      Admission,
      { kind: "accepted" }
    >;

    const view = await sender.runtime.inputState(ref, { inputId: admission.inputId });
    expect(view?.input).toMatchObject({
      id: admission.inputId,
      text: "hello",
      timestamp: new Date(world.clock.now()).toISOString(),
    });
  });
});

describe("a repeated key (G7)", () => {
  it("gets the first answer, before and after the input has ended, from any process", async () => {
    const { world, sender } = await withSession();
    const other = await world.start("other");
    const first = await sender.runtime.acceptInput(ref, keyed("a"));
    const queued = await other.runtime.acceptInput(ref, keyed("a"));
    await world.start("worker", { executors: [recording()] });
    await world.advance(3_000);

    const ended = await other.runtime.acceptInput(ref, keyed("a"));

    const { inputId } = first as Extract<Admission, { kind: "accepted" }>;
    expect(queued).toMatchObject({ kind: "deduplicated", existingId: inputId, status: "queued" });
    expect(ended).toMatchObject({ kind: "deduplicated", existingId: inputId, status: "consumed", admission: 1 });
  });

  it("is refused with another payload, and names the input that owns it", async () => {
    const { sender } = await withSession();
    const first = await sender.runtime.acceptInput(ref, keyed("a", "one"));

    const error = await rejection(sender.runtime.acceptInput(ref, keyed("a", "two")));

    const { inputId } = first as Extract<Admission, { kind: "accepted" }>;
    expect(isAppError(error, "idempotency.mismatch")).toBe(true);
    expect(error).toMatchObject({ details: { existingId: inputId } });
    expect((await sender.runtime.listInputs(ref, { after: 0, limit: 10 })).items).toHaveLength(1);
  });

  it("covers neither time nor trace of the sender", async () => {
    const { world, sender } = await withSession();
    await sender.runtime.acceptInput(ref, keyed("a"));
    await world.advance(5_000);

    const again = await sender.runtime.acceptInput(ref, {
      ...keyed("a"),
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      timestamp: "2030-01-01T00:00:00Z",
    } as NewInput);

    expect(again).toMatchObject({ kind: "deduplicated", admission: 1 });
  });

  it("names one input of one session: another session may use it", async () => {
    const { sender } = await withSession();
    const elsewhere = sessionRef("chat/43");
    await sender.runtime.acceptInput(ref, keyed("a"), {});

    const other = await sender.runtime.acceptInput(elsewhere, keyed("a", "two"), { createWith: binding() });

    expect(other).toMatchObject({ kind: "accepted", admission: 1 });
  });
});

describe("what is refused before the ledger is asked", () => {
  it.each<[string, NewInput, string]>([
    ["an input of no kind", { kind: "wish" } as never, "input.unknown_kind"],
    ["an input without its fields", { kind: "prompt" } as never, "input.invalid"],
    ["a control character in a key", keyed("a\u0000b"), "id.invalid"],
  ])("is %s", async (_what, input, code) => {
    const { sender } = await withSession();

    const error = await rejection(sender.runtime.acceptInput(ref, input));

    expect(error).toMatchObject({ code });
    expect(sender.calls.admit).toBe(0);
  });

  it("is an input of more bytes than the limit, and one of exactly as many is taken", async () => {
    const world = createWorld();
    const limits = { inputLimits: { payloadBytes: 1_000 } };
    const sender = await world.start("sender", limits);
    await sender.runtime.ensureSessionWithExecutor(ref, binding());
    const admission = await sender.runtime.acceptInput(ref, prompt(""));
    const { inputId } = admission as Extract<Admission, { kind: "accepted" }>;
    const empty = (await world.store.archive.findInput(ref, inputId))?.payload ?? "";
    // Two bytes each: what counts is bytes, not characters.
    const letters = (1_000 - Buffer.byteLength(empty)) / 2;

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("é".repeat(Math.floor(letters) + 1))));
    const fits = await sender.runtime.acceptInput(ref, prompt("é".repeat(Math.floor(letters))));

    expect(isAppError(error, "input.too_large")).toBe(true);
    expect(error).toMatchObject({ details: { limit: 1_000, bytes: expect.any(Number) as number } });
    expect(fits).toMatchObject({ kind: "accepted" });
    expect(sender.calls.admit).toBe(2);
  });

  it.each<[string, NewInput]>([
    ["durability_violation", { ...prompt("hello"), durability: "derived" } as NewInput],
    [
      "peer_handling_mode_invalid",
      {
        kind: "peer",
        body: "half way",
        source: { type: "peer", peerId: "peer" },
        convention: { type: "response_progress", requestId: "request", phase: "accepted" },
        handlingMode: "steer",
      },
    ],
  ])("is answered as rejected, with the reason %s and nothing to wait for", async (reason, input) => {
    const { sender } = await withSession();

    const { admission, completion } = await sender.runtime.acceptInputWithCompletion(ref, input);

    expect(admission).toMatchObject({ kind: "rejected", reason });
    expect(completion).toBeNull();
    expect(sender.calls).toMatchObject({ admit: 0, watch: 0 });
  });

  it("rejects as any promise does, never by throwing", async () => {
    const { runtime } = await createWorld().start("sender");

    const call = runtime.acceptInput(ref, { kind: "wish" } as never);

    await expect(call).rejects.toMatchObject({ code: "input.unknown_kind" });
  });
});

describe("a least level of acknowledgement", () => {
  it("that the store does not give is refused, with nothing admitted", async () => {
    const { sender } = await withSession();

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("hello"), { minimumAck: "fsync" }));

    expect(isAppError(error, "ack.unsupported")).toBe(true);
    expect(error).toMatchObject({ details: { level: "memory", minimum: "fsync" } });
    expect(sender.calls.admit).toBe(0);
  });

  it.each(["memory", "fsync"] as const)("of %s is met by a store that gives fsync", async (minimumAck) => {
    const { sender } = await withSender(createWorld({ ackLevel: "fsync" }));

    const admission = await sender.runtime.acceptInput(ref, prompt("hello"), { minimumAck });

    expect(admission).toMatchObject({ kind: "accepted", ack: { level: "fsync" } });
  });
});

describe("displacement", () => {
  it("tells the waiter of a coalesced input at once what took its place (G9)", async () => {
    const { sender } = await withSession();
    const report: NewInput = {
      kind: "peer",
      body: "still at it",
      source: { type: "peer", peerId: "peer" },
      convention: { type: "response_progress", requestId: "request", phase: "in_progress" },
      supersessionKey: "job",
    };
    const older = await sender.runtime.acceptInputWithCompletion(ref, report);

    const newer = await sender.runtime.acceptInput(ref, { ...report, body: "nearly" });

    const { inputId } = newer as Extract<Admission, { kind: "accepted" }>;
    expect(await older.completion).toEqual({ kind: "coalesced", into: inputId });
  });

  it("leaves alone what has another key", async () => {
    const { sender } = await withSession();
    await sender.runtime.acceptInput(ref, event("mail", { scope: "a" }));

    await sender.runtime.acceptInput(ref, event("mail", { scope: "b" }));

    const { items } = await sender.runtime.listInputs(ref, { after: 0, limit: 10 });
    expect(items.map(({ status }) => status)).toEqual(["queued", "queued"]);
  });
});
