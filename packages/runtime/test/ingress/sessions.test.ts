import { isAppError } from "@holdfast/contracts";
import { binding, createIds, EXECUTOR, prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { ref, withSession } from "../support/bound-session.ts";
import { withLedger } from "../support/calls.ts";
import { holding, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { send } from "../support/send.ts";
import { createWorld } from "../support/world.ts";

const ids = createIds();

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
    const { sender } = await withSession();
    await sender.runtime.control(ref, { verb, requestId: ids.request() });

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("hello"), { createWith: binding() }));

    expect(isAppError(error, "session.not_accepting")).toBe(true);
    expect(error).toMatchObject({ details: { phase, legalVerbs: expect.arrayContaining(["destroy"]) as unknown } });
    expect(await sender.runtime.findSession(ref)).toMatchObject({ phase, admitted: 0 });
  });

  it("while a run goes on names only verbs that do not wait for its end", async () => {
    const { world, sender } = await withSession();
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
    const { sender } = await withSession();
    await sender.runtime.control(ref, { verb: "destroy", requestId: ids.request() });

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("hello"), { createWith: binding() }));

    expect(isAppError(error, "session.destroyed")).toBe(true);
  });
});
