import { type Admission, isAppError, type NewInput, type SessionSettings } from "@holdfast/contracts";
import { binding, createIds, EXECUTOR, event, operation, prompt, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { withLedger } from "./support/calls.ts";
import { executor, holding, recording, textsOf } from "./support/executors.ts";
import { rejection } from "./support/rejection.ts";
import { keyed, send } from "./support/send.ts";
import { createWorld, type TestProcess, type World } from "./support/world.ts";

const ref = sessionRef("chat/42");

const ids = createIds();

/** A world with a sender and a bound session that nobody runs. */
async function withSender(options?: Parameters<typeof createWorld>[0]): Promise<{ world: World; sender: TestProcess }> {
  const world = createWorld(options);
  const sender = await world.start("sender");
  await sender.runtime.ensureSessionWithExecutor(ref, binding());
  return { world, sender };
}

function silentRequest(intent: string): NewInput {
  return {
    kind: "peer",
    body: "psst",
    source: { type: "peer", peerId: "peer" },
    convention: { type: "request", requestId: "request", intent },
  };
}

describe("an accepted input", () => {
  it("is told its number, its policy, its signal and how durable it is (G1)", async () => {
    const { sender } = await withSender();

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
    const { world, sender } = await withSender();

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
    const { world, sender } = await withSender();
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
    const { sender } = await withSender();
    const first = await sender.runtime.acceptInput(ref, keyed("a", "one"));

    const error = await rejection(sender.runtime.acceptInput(ref, keyed("a", "two")));

    const { inputId } = first as Extract<Admission, { kind: "accepted" }>;
    expect(isAppError(error, "idempotency.mismatch")).toBe(true);
    expect(error).toMatchObject({ details: { existingId: inputId } });
    expect((await sender.runtime.listInputs(ref, { after: 0, limit: 10 })).items).toHaveLength(1);
  });

  it("covers neither time nor trace of the sender", async () => {
    const { world, sender } = await withSender();
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
    const { sender } = await withSender();
    const elsewhere = sessionRef("chat/43");
    await sender.runtime.acceptInput(ref, keyed("a"), {});

    const other = await sender.runtime.acceptInput(elsewhere, keyed("a", "two"), { createWith: binding() });

    expect(other).toMatchObject({ kind: "accepted", admission: 1 });
  });
});

describe("settings", () => {
  const gossip: SessionSettings = { silentIntents: ["gossip"] };

  it("of a session that was created with some hold from its first input on, in every process", async () => {
    const world = createWorld();
    const [one, other] = [await world.start("one"), await world.start("other")];
    await one.runtime.ensureSessionWithExecutor(ref, binding(), { settings: gossip });

    const admissions = [
      await one.runtime.acceptInput(ref, silentRequest("gossip")),
      await other.runtime.acceptInput(ref, silentRequest("gossip")),
    ];

    expect(admissions).toMatchObject([{ signal: "none" }, { signal: "none" }]);
  });

  it("silence intents of a session that is there, from the next input on, and those alone", async () => {
    const { sender } = await withSender();
    await sender.runtime.setSessionSilentIntents(ref, ["gossip"]);
    const silenced = await sender.runtime.acceptInput(ref, silentRequest("gossip"));
    await sender.runtime.setSessionSilentIntents(ref, []);
    const heard = await sender.runtime.acceptInput(ref, silentRequest("gossip"));

    expect([silenced, heard]).toMatchObject([{ signal: "none" }, { signal: "wake" }]);
  });

  it("of no session, of a destroyed one, or that are no texts are refused", async () => {
    const { sender } = await withSender();
    const gone = sessionRef("chat/gone");
    await sender.runtime.registerSession(gone);
    await sender.runtime.control(gone, { verb: "destroy", requestId: ids.request() });

    const errors = [
      await rejection(sender.runtime.setSessionSilentIntents(sessionRef("nowhere"), [])),
      await rejection(sender.runtime.setSessionSilentIntents(gone, [])),
      await rejection(sender.runtime.setSessionSilentIntents(ref, [1] as never)),
    ];

    expect(errors).toMatchObject([
      { code: "session.not_found" },
      { code: "session.destroyed" },
      { code: "request.invalid" },
    ]);
  });

  it("that changed behind a process are resolved again, within the one call", async () => {
    const { world, sender } = await withSender();
    const before = await sender.runtime.acceptInput(ref, silentRequest("gossip"));
    await world.store.directory.configure(ref, gossip);

    const after = await sender.runtime.acceptInput(ref, silentRequest("gossip"));

    expect(before).toMatchObject({ signal: "wake", policy: { wake: "wake_if_idle" } });
    expect(after).toMatchObject({ kind: "accepted", admission: 2, signal: "none", policy: { wake: "none" } });
    expect(sender.calls.admit).toBe(3);
  });

  it("are remembered: the next input costs one call again", async () => {
    const { world, sender } = await withSender();
    await world.store.directory.configure(ref, gossip);
    await sender.runtime.acceptInput(ref, prompt("one"));
    const spent = sender.calls.admit;

    await sender.runtime.acceptInput(ref, prompt("two"));

    expect(sender.calls.admit).toBe(spent + 1);
  });

  it("that change at every look are given up on, with nothing admitted", async () => {
    const world = createWorld();
    const wrap = withLedger((ledger) => ({
      admit: async (command) => {
        await world.store.directory.configure(ref, gossip);
        return ledger.admit(command);
      },
    }));
    const sender = await world.start("sender", { wrap });
    await sender.runtime.ensureSessionWithExecutor(ref, binding());

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("hello")));

    expect(isAppError(error, "store.unavailable")).toBe(true);
    expect(await sender.runtime.findSession(ref)).toMatchObject({ admitted: 0 });
  });
});

describe("a session that does not exist", () => {
  it("is created and bound by an input that brings a binding", async () => {
    const world = createWorld();
    const sender = await world.start("sender");

    const admission = await sender.runtime.acceptInput(ref, prompt("hello"), { createWith: binding("defer") });

    expect(admission).toMatchObject({ kind: "accepted", admission: 1, signal: "wake" });
    expect(await sender.runtime.findSession(ref)).toMatchObject({
      state: "attached",
      binding: { executor: EXECUTOR, onFailure: "defer" },
    });
  });

  it("is created once by two processes that send at the same time", async () => {
    const world = createWorld();
    const [one, other] = [await world.start("one"), await world.start("other")];

    const admissions = await Promise.all([
      one.runtime.acceptInput(ref, prompt("one"), { createWith: binding() }),
      other.runtime.acceptInput(ref, prompt("two"), { createWith: binding() }),
    ]);

    expect(new Set(admissions.map((admission) => "admission" in admission && admission.admission))).toEqual(
      new Set([1, 2]),
    );
  });

  it("is not created by an input without a binding", async () => {
    const world = createWorld();
    const sender = await world.start("sender");

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("hello")));

    expect(isAppError(error, "session.not_found")).toBe(true);
    expect(await sender.runtime.findSession(ref)).toBeNull();
  });
});

describe("a session that nobody was told to run", () => {
  it("is bound by the next input that brings a binding, and by no other", async () => {
    const world = createWorld();
    const sender = await world.start("sender");
    await world.start("worker", { executors: [recording()] });
    await sender.runtime.registerSession(ref);
    const first = await send(sender, ref, "one");
    await world.settle();
    const before = await sender.runtime.explain(ref);

    const second = await send(sender, ref, "two", { createWith: binding() });
    await world.advance(world.timing.rewakeMs + 1.5 * world.timing.sweepPollMs);

    expect(before.waitsFor).toEqual({ kind: "binding" });
    expect(await first.completion).toMatchObject({ output: "one" });
    expect(await second.completion).toMatchObject({ output: "two" });
  });
});

describe("a session that does not accept", () => {
  it.each([
    ["stop", "stopped"],
    ["retire", "retired"],
  ] as const)("after %s is not revived by an input that brings a binding", async (verb, phase) => {
    const { sender } = await withSender();
    await sender.runtime.control(ref, { verb, requestId: ids.request() });

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("hello"), { createWith: binding() }));

    expect(isAppError(error, "session.not_accepting")).toBe(true);
    expect(error).toMatchObject({ details: { phase, legalVerbs: expect.arrayContaining(["destroy"]) as unknown } });
    expect(await sender.runtime.findSession(ref)).toMatchObject({ phase, admitted: 0 });
  });

  it("while a run goes on names only verbs that do not wait for its end", async () => {
    const { world, sender } = await withSender();
    const host = holding();
    await world.start("worker", { executors: [host.executor] });
    await send(sender, ref, "one");
    await world.settle();
    await sender.runtime.control(ref, { verb: "retire", requestId: ids.request() });

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("two")));
    const session = await sender.runtime.findSession(ref);

    expect(host.turns).toHaveLength(1);
    expect(session?.legalVerbs).not.toContain("recycle");
    expect(error).toMatchObject({ details: { legalVerbs: session?.legalVerbs } });
  });

  it("because another process stopped it while it was to be created is not revived either", async () => {
    const world = createWorld();
    const other = await world.start("other");
    const wrap = withLedger((ledger) => ({
      admit: async (command) => {
        const reply = await ledger.admit(command);
        if (reply.kind === "missing") {
          await other.runtime.ensureSessionWithExecutor(ref, binding());
          await other.runtime.control(ref, { verb: "stop", requestId: ids.request() });
        }
        return reply;
      },
    }));
    const sender = await world.start("sender", { wrap });

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("hello"), { createWith: binding() }));

    expect(isAppError(error, "session.not_accepting")).toBe(true);
    expect(await sender.runtime.findSession(ref)).toMatchObject({ phase: "stopped" });
  });

  it("after destroy is gone", async () => {
    const { sender } = await withSender();
    await sender.runtime.control(ref, { verb: "destroy", requestId: ids.request() });

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("hello"), { createWith: binding() }));

    expect(isAppError(error, "session.destroyed")).toBe(true);
  });
});

describe("what is refused before the ledger is asked", () => {
  it.each<[string, NewInput, string]>([
    ["an input of no kind", { kind: "wish" } as never, "input.unknown_kind"],
    ["an input without its fields", { kind: "prompt" } as never, "input.invalid"],
    ["a control character in a key", keyed("a\u0000b"), "id.invalid"],
  ])("is %s", async (_what, input, code) => {
    const { sender } = await withSender();

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
    const { sender } = await withSender();

    const { admission, completion } = await sender.runtime.acceptInputWithCompletion(ref, input);

    expect(admission).toMatchObject({ kind: "rejected", reason });
    expect(completion).toBeNull();
    expect(sender.calls).toMatchObject({ admit: 0, watch: 0 });
  });

  it("rejects as any promise does, never by throwing", () => {
    const world = createWorld();

    return world.start("sender").then(({ runtime }) => {
      const call = runtime.acceptInput(ref, { kind: "wish" } as never);

      return expect(call).rejects.toMatchObject({ code: "input.unknown_kind" });
    });
  });
});

describe("a least level of acknowledgement", () => {
  it("that the store does not give is refused, with nothing admitted", async () => {
    const { sender } = await withSender();

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("hello"), { minimumAck: "fsync" }));

    expect(isAppError(error, "ack.unsupported")).toBe(true);
    expect(error).toMatchObject({ details: { level: "memory", minimum: "fsync" } });
    expect(sender.calls.admit).toBe(0);
  });

  it.each(["memory", "fsync"] as const)("of %s is met by a store that gives fsync", async (minimumAck) => {
    const { sender } = await withSender({ ackLevel: "fsync" });

    const admission = await sender.runtime.acceptInput(ref, prompt("hello"), { minimumAck });

    expect(admission).toMatchObject({ kind: "accepted", ack: { level: "fsync" } });
  });
});

describe("waking", () => {
  it("is not done for an input sent without wake; the next one that wakes brings it along (L2)", async () => {
    const { world, sender } = await withSender();
    const seen: string[][] = [];
    const executors = [
      executor((turn) => {
        seen.push(textsOf(turn));
        return { kind: "completed" };
      }),
    ];
    await world.start("worker", { executors });

    const silent = await sender.runtime.acceptInput(ref, prompt("silent"), { isWithoutWake: true });
    await world.advance(60_000);
    const before = [...seen];
    await sender.runtime.acceptInput(ref, prompt("loud"));
    await world.advance(100);

    expect(silent).toMatchObject({ kind: "accepted", signal: "none" });
    expect(before).toEqual([]);
    expect(seen).toEqual([["silent"], ["loud"]]);
  });

  it("is not done for what is consumed on admission", async () => {
    const { world, sender } = await withSender();

    const { admission, completion } = await sender.runtime.acceptInputWithCompletion(ref, operation("build"));

    expect(admission).toMatchObject({ kind: "accepted", status: "consumed", signal: "none" });
    expect(completion).toBeNull();
    expect(world.wakes.waiting()).toBe(0);
  });

  it("is done once for any number of inputs of one rest", async () => {
    const { world, sender } = await withSender();

    for (const text of ["one", "two", "three"]) await sender.runtime.acceptInput(ref, prompt(text));

    expect(world.wakes.waiting()).toBe(1);
  });

  it("goes to the worker of this process first, with no job", async () => {
    const world = createWorld();
    const both = await world.start("both", { executors: [recording()] });

    const { completion } = await both.runtime.acceptInputWithCompletion(ref, prompt("hello"), {
      createWith: binding(),
    });
    const outcome = await completion;

    expect(outcome).toMatchObject({ kind: "completed", output: "hello" });
    expect(world.wakes.waiting()).toBe(0);
  });

  it("goes to the worker that has the session warm, and to the queue when that one does not come", async () => {
    const { world, sender } = await withSender();
    const turns: string[] = [];
    const host = (name: string) =>
      executor(() => {
        turns.push(name);
        return { kind: "completed" };
      });
    const warm = await world.start("warm", { executors: [host("warm")] });
    await sender.runtime.acceptInput(ref, prompt("one"));
    await world.advance(100);
    await world.start("cold", { executors: [host("cold")] });

    await sender.runtime.acceptInput(ref, prompt("two"));
    const jobs = world.wakes.waiting();
    await world.advance(1);
    warm.kill();
    await sender.runtime.acceptInput(ref, prompt("three"));
    await world.advance(world.timing.warmClaimMs);

    expect(jobs).toBe(0);
    expect(turns).toEqual(["warm", "warm", "cold"]);
  });
});

describe("displacement", () => {
  it("tells the waiter of a coalesced input at once what took its place (G9)", async () => {
    const { sender } = await withSender();
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
    const { sender } = await withSender();
    await sender.runtime.acceptInput(ref, event("mail", { scope: "a" }));

    await sender.runtime.acceptInput(ref, event("mail", { scope: "b" }));

    const { items } = await sender.runtime.listInputs(ref, { after: 0, limit: 10 });
    expect(items.map(({ status }) => status)).toEqual(["queued", "queued"]);
  });
});
