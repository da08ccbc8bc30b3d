import type { AckLevel, CatchUp, NewInput, RequestId, RunId, SessionSettings } from "@holdfast/contracts";
import { MAX_SCHEDULES_LENGTH } from "@holdfast/contracts";
import { binding, prompt, sessionRef } from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../src/index.ts";
import { ref, withSession } from "./support/bound-session.ts";
import { executor, recording } from "./support/executors.ts";
import { rejection } from "./support/rejection.ts";
import { send } from "./support/send.ts";

/** What a caller says whose compiler does not know better. */
function as<T>(value: unknown): T {
  return value as T;
}

describe("a session", () => {
  it.each([
    { pendingInputs: 0 },
    { pendingInputs: 1.5 },
    { overlap: { policy: "debounce", windowMs: 0 } },
    { silentIntents: null },
    { operations: { maxActive: Number.NaN } },
  ])("is not given settings that nobody could read again: %j", async (settings) => {
    const { sender } = await withSession();

    const error = await rejection(sender.runtime.registerSession(ref, { settings: as<SessionSettings>(settings) }));

    expect(error).toMatchObject({ code: "request.invalid" });
    expect(await sender.runtime.findSession(ref)).toMatchObject({ settings: { silentIntents: [] } });
  });

  it("is not there when its settings were refused", async () => {
    const { sender } = await withSession();
    const other = sessionRef("chat/43");

    await rejection(sender.runtime.registerSession(other, { settings: as<SessionSettings>({ pendingInputs: 0 }) }));

    expect(await sender.runtime.findSession(other)).toBeNull();
  });
});

describe("a command", () => {
  it.each([undefined, null, "", "\0", "\ud800", "x".repeat(257), 7])(
    "is refused under a request id that is none, by every verb: %j",
    async (text) => {
      const { sender } = await withSession();
      const { runtime } = sender;
      const requestId = as<RequestId>(text);
      const runId = as<RunId>("run_00000000");

      for (const call of [
        () => runtime.control(ref, { verb: "recycle", requestId }),
        () => runtime.interruptCurrentRun(ref, { requestId }),
        () => runtime.resumeRun(ref, { runId, requestId }),
        () => runtime.redriveDeadLetters({ ref }, { requestId }),
        () =>
          runtime.controlByLabel({
            tenantId: ref.tenantId,
            label: { key: "team", value: "a" },
            verb: "retire",
            requestId,
          }),
      ]) {
        expect(await rejection(call())).toMatchObject({ code: "id.invalid" });
      }
    },
  );

  it("is refused where an optional request id is none", async () => {
    const { sender } = await withSession();
    const { runtime } = sender;
    const requestId = as<RequestId>("");

    const errors = await Promise.all([
      rejection(runtime.unregisterSession(ref, { requestId })),
      rejection(runtime.publishEvent(ref, { name: "a.b" }, { requestId })),
      rejection(runtime.retire(ref, { requestId })),
    ]);

    for (const error of errors) expect(error).toMatchObject({ code: "id.invalid" });
    expect(await runtime.runtimeState(ref)).toBe("attached");
  });

  it.each([undefined, "", "interrupt", "__proto__", "toString", 7])(
    "names a verb that there is: not %j",
    async (verb) => {
      const { sender } = await withSession();
      const { runtime } = sender;
      const command = { verb: as<"retire">(verb), requestId: as<RequestId>("one") };
      const label = { key: "team", value: "a" };

      expect(await rejection(runtime.control(ref, command))).toMatchObject({
        code: "request.invalid",
        details: { verbs: expect.arrayContaining(["retire"]) as unknown },
      });
      expect(await rejection(runtime.controlByLabel({ ...command, tenantId: ref.tenantId, label }))).toMatchObject({
        code: "request.invalid",
      });
    },
  );

  it("asks for an acknowledgement that there is, and is not admitted at a lower one", async () => {
    const { sender } = await withSession();

    const error = await rejection(
      sender.runtime.acceptInput(ref, prompt("one"), { minimumAck: as<AckLevel>("durable") }),
    );

    expect(error).toMatchObject({ code: "request.invalid" });
    expect((await sender.runtime.listInputs(ref, { after: 0, limit: 1 })).items).toEqual([]);
  });
});

describe("an event of a caller", () => {
  it.each(["\ud800", Number.NaN, { text: "a\udfff" }, JSON.parse('{"__proto__": 1}') as unknown, nested(20_000)])(
    "is refused when its payload is no JSON",
    async (payload) => {
      const { sender } = await withSession();

      const error = await rejection(sender.runtime.publishEvent(ref, { name: "ticket.closed", payload: as(payload) }));

      expect(error).toMatchObject({ code: "event.invalid" });
    },
  );
});

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = { value };
  return value;
}

describe("a delivery", () => {
  it("is not applied as what no reader knows", async () => {
    const { sender } = await withSession();
    const { runtime } = sender;
    const away = sessionRef("not/there");
    const deliveryId = as<never>("d1");
    const submission = {
      kind: "job_terminal",
      sourceId: "s",
      sourceSequence: 1,
      lineageId: "l",
      payload: "p",
    } as const;
    await runtime.submitDelivery(away, { deliveryId, ...submission });

    const error = await rejection(runtime.markDeliveryApplied(away, deliveryId, as({ kind: "lost" })));

    expect(error).toMatchObject({ code: "delivery.invalid" });
    expect(await runtime.deliveryState(away, deliveryId)).toMatchObject({ disposition: null });
  });
});

describe("dead letters", () => {
  const refusing = executor(() => ({ kind: "failed", failure: { code: "no", message: "no" }, isRetryable: false }));

  it("made by merging are sent again like any other", async () => {
    const { world, sender } = await withSession();
    const merging = (text: string): NewInput =>
      ({ ...prompt(text), overlap: "merge", supersessionKey: "m" }) as NewInput;
    await send(sender, ref, merging("one"));
    await send(sender, ref, merging("two"));
    const worker = await world.start("refusing", { executors: [refusing] });
    await world.advance(2_000);
    const [dead] = (await sender.runtime.listDeadLetters(ref, { after: 0, limit: 2 })).items;
    if (dead === undefined) throw new Error("nothing died");
    expect(dead.input.lineage).toMatchObject({ type: "merged" });
    worker.kill();
    await world.start("worker", { executors: [recording()] });

    const admission = await sender.runtime.redriveDeadLetter(ref, dead.inputId, { requestId: as<RequestId>("again") });
    await world.advance(20_000);

    if (admission.kind !== "accepted") throw new Error(`it was ${admission.kind}`);
    expect(await sender.runtime.inputState(ref, { inputId: admission.inputId })).toMatchObject({
      redriveOf: dead.inputId,
      outcome: { kind: "completed" },
    });
  });

  it("of a session are not passed over because those of another have left the list meanwhile", async () => {
    const { world, sender } = await withSession();
    const { runtime } = sender;
    await world.start("refusing", { executors: [refusing] });
    const refs = [sessionRef("dead/1"), sessionRef("dead/2")];
    for (const [index, one] of refs.entries()) {
      await runtime.ensureSessionWithExecutor(one, binding());
      for (let count = 0; count < 3 - index; count += 1) await send(sender, one, `${count}`);
      await world.advance(2_000);
    }
    const { tenantId } = ref;
    const step = { requestId: as<RequestId>("bulk"), limit: 1 };
    const first = await runtime.redriveDeadLetters({ tenantId }, step);
    const begun = first.redriven[0]?.ref;
    for (const one of refs.filter(({ sessionId }) => sessionId === begun?.sessionId)) {
      const { items } = await runtime.listDeadLetters(one, { after: 0, limit: 10 });
      for (const { inputId } of items) await runtime.discardDeadLetter(one, inputId);
    }

    const seen = new Set<string>();
    for (let after = first.next; after !== null; ) {
      const next = await runtime.redriveDeadLetters({ tenantId }, { ...step, after });
      for (const { inputId } of next.redriven) seen.add(inputId);
      after = next.next;
    }

    const other = begun?.sessionId === refs[0]?.sessionId ? 2 : 3;
    expect(seen.size).toBe(other);
  });

  it.each(["1.%", "1:%:", "::", "x", "1:a:b:c"])("are not gone through from what is no cursor: %j", async (after) => {
    const { sender } = await withSession();
    const { tenantId } = ref;

    const error = await rejection(
      sender.runtime.redriveDeadLetters({ tenantId }, { requestId: as<RequestId>("one"), after }),
    );

    expect(error).toMatchObject({ code: "request.invalid" });
  });
});

describe("schedules", () => {
  it("go on when what firing them notes is longer than they may be themselves", async () => {
    const { world, sender } = await withSession();
    await world.start("worker", { executors: [recording()] });
    const schedule = (scheduleId: string, length: number) => ({
      scheduleId,
      timing: { type: "every", everyMs: 60_000 } as const,
      input: prompt("x".repeat(length)),
      catchUp: "one" as CatchUp,
    });
    await sender.runtime.putSchedule(ref, schedule("long", MAX_SCHEDULES_LENGTH - 700));
    await sender.runtime.putSchedule(ref, schedule("short", 1));

    await world.advance(70_000);

    const fired = await sender.runtime.listSchedules(ref);
    expect(fired.map(({ lastFiring }) => lastFiring?.result)).toEqual(["accepted", "accepted"]);
    expect(await rejection(sender.runtime.putSchedule(ref, schedule("more", 700)))).toMatchObject({
      code: "schedule.limit",
    });
  });
});

describe("the process's clock", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("waits as long as it is told, and for ever if it is told so", () => {
    const fired: string[] = [];
    const days = 24 * 3_600_000;
    systemClock.after(30 * days, () => fired.push("thirty days"));
    systemClock.after(Number.POSITIVE_INFINITY, () => fired.push("for ever"));
    const cancel = systemClock.after(60 * days, () => fired.push("cancelled"));

    vi.advanceTimersByTime(29 * days);
    const early = [...fired];
    cancel();
    vi.advanceTimersByTime(40 * days);

    expect(early).toEqual([]);
    expect(fired).toEqual(["thirty days"]);
  });
});
