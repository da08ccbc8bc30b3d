/** What a session reports, to readers of every kind. */
import { categoryOf, type EventCategory, EventEnvelope, RuntimeEvent } from "@holdfast/contracts";
import { createIds, progress, prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { executor, holding, recording } from "../support/executors.ts";
import { keyed } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ids = createIds();
const LATER = "2099-01-01T00:00:00Z";

/** Every code of the reference's table: its category, and the data it has beside others. */
const DOCUMENTED: Readonly<Record<string, readonly [EventCategory, readonly string[]]>> = {
  "input.accepted": ["input_lifecycle", ["inputId"]],
  "input.deduplicated": ["input_lifecycle", ["inputId", "existingId"]],
  "input.superseded": ["input_lifecycle", ["inputId", "by"]],
  "input.coalesced": ["input_lifecycle", ["inputId", "into"]],
  "input.queued": ["input_lifecycle", ["inputId"]],
  "input.staged": ["input_lifecycle", ["inputId", "runId"]],
  "input.applied": ["input_lifecycle", ["inputId", "runId"]],
  "input.consumed": ["input_lifecycle", ["inputId", "runId"]],
  "input.abandoned": ["input_lifecycle", ["inputId", "reason"]],
  "input.state_transitioned": ["input_lifecycle", ["inputId", "from", "to"]],
  "run.started": ["run_lifecycle", ["runId"]],
  "run.completed": ["run_lifecycle", ["runId"]],
  "run.failed": ["run_lifecycle", ["runId", "code", "requeued"]],
  "run.cancelled": ["run_lifecycle", ["runId"]],
  "runtime.state_changed": ["runtime_state_change", ["from", "to"]],
  "topology.runtime_created": ["topology", ["sessionId"]],
  "topology.runtime_retired": ["topology", ["sessionId"]],
  "topology.runtime_recycled": ["topology", ["sessionId"]],
  "topology.runtime_destroyed": ["topology", ["sessionId"]],
  "runtime.projection_emitted": ["projection", ["ruleId", "projectedInputId", "sourceEventId"]],
};

async function eventsOf({ sender, ref }: Stage): Promise<EventEnvelope[]> {
  const events: EventEnvelope[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: { items: readonly EventEnvelope[]; next: number | null } = await sender.runtime.listEvents(ref, {
      after,
      limit: 20,
    });
    events.push(...page.items);
    after = page.next;
  }
  return events;
}

/** A session to which most things have happened. */
async function eventfulLife(stage: Stage): Promise<void> {
  const { sender, ref, world } = stage;
  const { runtime } = sender;
  await stage.bind("defer");
  await runtime.acceptInput(ref, { ...progress("build"), correlationId: "trace | 7, ü" });
  await runtime.acceptInput(ref, progress("build"));
  await runtime.acceptInput(ref, { ...keyed("k", "fail once"), correlationId: "trace | 7, ü" });
  await runtime.acceptInput(ref, keyed("k", "fail once"));
  let isFailing = true;
  const worker = executor(() => {
    const kind = isFailing ? "failed" : "completed";
    isFailing = false;
    return kind === "failed" ? { kind, failure: { code: "no", message: "no" }, isRetryable: true } : { kind };
  });
  await stage.worker("worker", worker);
  await world.advance(60_000);
  for (const verb of ["retire", "recycle", "stop", "destroy"] as const) {
    if (verb === "stop") await runtime.acceptInput(ref, { ...prompt("too late"), notBefore: LATER });
    await runtime.control(ref, { verb, requestId: ids.request() });
    await world.advance(1_000);
  }
}

/** The scenarios of events. */
export function describeEvents(openStage: OpenStage): void {
  it("EVT-01 every event has a code, its documented category and data, and travels as it is documented", async () => {
    const stage = await openStage();
    const follower = new AbortController();
    const seen: EventEnvelope[] = [];
    await stage.register();
    const following = (async () => {
      const { runtime } = stage.sender;
      for await (const event of runtime.followEvents(stage.ref, { after: 0, signal: follower.signal }))
        seen.push(event);
    })();
    await eventfulLife(stage);
    follower.abort();
    await following;

    const codes = RuntimeEvent.options.map((option) => option.shape.type.value);
    expect(new Set(codes).size).toBe(codes.length);
    for (const [code, [category, data]] of Object.entries(DOCUMENTED)) {
      const variant = RuntimeEvent.options.find((option) => option.shape.type.value === code);
      expect({ code, data: Object.keys(variant?.shape ?? {}) }).toEqual({
        code,
        data: expect.arrayContaining([...data]),
      });
      expect(categoryOf(code as RuntimeEvent["type"])).toBe(category);
    }
    const wire = seen.map((event) => EventEnvelope.parse(JSON.parse(JSON.stringify(event))));
    expect(wire).toEqual(seen);
    expect(wire.every(({ category, event }) => category === categoryOf(event.type))).toBe(true);
    const told = new Set<string>(wire.map(({ event }) => event.type));
    const unheard = Object.keys(DOCUMENTED).filter((code) => !told.has(code));
    expect(unheard).toEqual(["input.superseded", "run.cancelled", "runtime.projection_emitted"]);
  });

  it("EVT-02 an input that was accepted and executed is accepted, queued, staged, applied and consumed, in order", async () => {
    const stage = await openStage();
    const { sender, ref, world } = stage;
    await stage.bind();
    await stage.worker("worker", recording());
    const admission = await sender.runtime.acceptInput(ref, { ...prompt("go"), correlationId: "trace-7" });
    await world.settle();
    const inputId = admission.kind === "accepted" ? admission.inputId : "";

    const events = await eventsOf(stage);

    const own = events.filter(({ event }) => "inputId" in event && event.inputId === inputId);
    expect(own.map(({ event }) => event.type)).toEqual([
      "input.accepted",
      "input.queued",
      "input.staged",
      "input.applied",
      "input.consumed",
    ]);
    expect(own.map(({ correlationId }) => correlationId)).toEqual(own.map(() => "trace-7"));
    const typeOf = (id: string | undefined) => events.find((event) => event.id === id)?.event.type;
    expect(own.map(({ causationId }) => typeOf(causationId))).toEqual([
      undefined,
      "input.accepted",
      "run.started",
      "run.completed",
      "run.completed",
    ]);
    const started = events.find(({ event }) => event.type === "run.started");
    expect([started?.causationId, started?.correlationId]).toEqual([own[0]?.id, "trace-7"]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it("EVT-03 a slow subscriber is told what it missed, and a durable projector misses nothing", async () => {
    const stage = await openStage();
    const { sender, ref, world } = stage;
    await stage.bind();
    const turns = holding();
    await stage.worker("worker", turns.executor);
    const stop = new AbortController();
    const slow = sender.runtime.followEvents(ref, { after: 0, signal: stop.signal, maxLag: 5 })[Symbol.asyncIterator]();
    const first = await slow.next();
    const projected: EventEnvelope[] = [];
    const projecting = sender.runtime.projectEvents(
      ref,
      { consumer: "search", signal: stop.signal },
      async (events) => {
        projected.push(...events);
      },
    );
    for (let n = 0; n < 250; n += 1) await sender.runtime.acceptInput(ref, prompt(`${n}`));
    await world.advance(20_000);

    const rest: EventEnvelope[] = [];
    for (let next = await slow.next(); rest.length < 8 && next.done !== true; next = await slow.next()) {
      rest.push(next.value);
    }
    stop.abort();
    await projecting;

    const stored = await eventsOf(stage);
    const last = stored.at(-1)?.cursor ?? 0;
    const truncated = rest.find(({ event }) => event.type === "events.truncated");
    expect(first.value).toMatchObject({ event: { type: "topology.runtime_created" } });
    expect(truncated).toMatchObject({ category: "stream", event: { before: last - 4 } });
    expect(rest.slice(rest.indexOf(truncated as EventEnvelope) + 1)[0]?.cursor).toBe(last - 4);
    expect(projected).toEqual(stored);
  });

  describe("a durable projector", () => {
    it("goes on where it was, in another process, and repeats what it had not finished (D66)", async () => {
      const stage = await openStage();
      const { ref, world } = stage;
      await stage.register();
      const taken: string[] = [];
      const dying = await stage.process("dying");
      const signal = AbortSignal.timeout(2_147_483_647);
      const batches: number[] = [];
      void dying.runtime.projectEvents(ref, { consumer: "search", signal }, async (events) => {
        batches.push(events.length);
        if (batches.length === 2) return new Promise(() => {});
        taken.push(...events.map(({ id }) => id));
      });
      await world.settle();
      await stage.sender.runtime.acceptInput(ref, prompt("a"));
      await world.advance(1_000);
      dying.kill();

      const stop = new AbortController();
      const successor = await stage.process("successor");
      const projecting = successor.runtime.projectEvents(
        ref,
        { consumer: "search", signal: stop.signal },
        async (events) => {
          taken.push(...events.map(({ id }) => id));
        },
      );
      await world.advance(1_000);
      await stage.sender.runtime.control(ref, { verb: "destroy", requestId: ids.request() });
      await world.advance(1_000);
      await projecting;

      expect(batches).toHaveLength(2);
      expect(taken).toEqual([...new Set(taken)]);
      expect(taken.slice(0, 3)).toEqual(["1.1", "2.1", "2.2"]);
      expect(stop.signal.aborted).toBe(false);
    });

    it("is several, each with a place of its own (D66)", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.register();
      const stop = new AbortController();
      const counts = { search: 0, billing: 0 };
      const projecting = (["search", "billing"] as const).map((consumer) =>
        sender.runtime.projectEvents(ref, { consumer, signal: stop.signal }, async (events) => {
          counts[consumer] += events.length;
        }),
      );
      await sender.runtime.acceptInput(ref, prompt("a"));
      await world.advance(1_000);
      stop.abort();
      await Promise.all(projecting);

      expect(counts).toEqual({ search: 3, billing: 3 });
    });
  });
}
