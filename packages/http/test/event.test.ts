import { AppError, EventEnvelope } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { type Harness, refOf, startHarness, withMethods } from "./harness.ts";
import { type Frame, openStream, readUntil } from "./read-frames.ts";

const params = { sessionId: "chat/42" };
const path = "/v1/sessions/chat%2F42/events";

const send = ({ call }: Harness, text: string) =>
  call("sendInput", { params, query: { executor: "echo", wait: 30 }, body: { kind: "prompt", text } });

/** Cursors of the facts that frames tell of, each once: those of one fact stand together. */
const cursorsOf = (frames: readonly Frame[]) =>
  once(frames.flatMap(({ id }) => (id === undefined ? [] : [cursorOf(id)])));
const cursorOf = (id = "0") => Number.parseInt(id, 10);
const once = (cursors: readonly number[]) => cursors.filter((cursor, at) => cursor !== cursors[at - 1]);
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe("a page of events", () => {
  it("is what a JSON reader gets", async () => {
    const harness = await startHarness();
    await send(harness, "hello");
    const headers = { accept: "application/json" };

    const first = await harness.call("followEvents", { params, headers, query: { limit: 2 } });
    const after = first.body?.next ?? -1;
    const second = await harness.call("followEvents", { params, headers, query: { after } });

    const events = [...(first.body?.items ?? []), ...(second.body?.items ?? [])];
    const cursors = once(events.map(({ cursor }) => cursor));
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(cursors).toEqual(upTo(cursors.length));
    expect(first.body?.items).toHaveLength(2);
  });

  it("of an unknown session is a 404", async () => {
    const { refuse } = await startHarness();

    await refuse("followEvents", "session.not_found", { params, headers: { accept: "application/json" } });
  });
});

describe("a stream of events", () => {
  it("has the headers that keep everything between from buffering it", async () => {
    const harness = await startHarness();
    await harness.call("ensureSession", { params });

    const { response, hangUp } = await openStream(harness.url + path);

    hangUp();
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
  });

  it("starts with a retry hint, then has what is stored and what happens, as documented", async () => {
    const harness = await startHarness();
    await send(harness, "before");
    const stored = (await harness.call("getSession", { params })).body.cursor;

    const frames: Frame[] = [];
    for await (const frame of (await openStream(harness.url + path)).frames) {
      frames.push(frame);
      if (frame.id === `${stored}.1`) await send(harness, "after");
      if (frame.event === "run.completed" && cursorOf(frame.id) > stored) break;
    }

    const [hint, ...events] = frames;
    const envelopes = events.map(({ data = "" }) => EventEnvelope.parse(JSON.parse(data)));
    expect(hint).toEqual({ retry: "1000" });
    expect(cursorsOf(events)).toEqual(upTo(cursorOf(events.at(-1)?.id)));
    expect(envelopes.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(envelopes.map(({ event }) => event.type)).toEqual(events.map(({ event }) => event));
    expect(envelopes.every(({ sessionId }) => sessionId === params.sessionId)).toBe(true);
  });

  it("that breaks again and again misses nothing and repeats nothing (E1, G12)", async () => {
    const harness = await startHarness();
    await harness.call("ensureSession", { params, body: { binding: { executor: "echo" } } });
    const rounds = 12;
    const sending = (async () => {
      for (let round = 0; round < rounds; round += 1) await send(harness, `${round}`);
    })();

    const seen: string[] = [];
    let completed = 0;
    for (let connection = 1; completed < rounds; connection += 1) {
      const headers: Record<string, string> = seen.length === 0 ? {} : { "last-event-id": `${seen.at(-1)}` };
      // A client that reconnects repeats its URL: the `after` in it is old news.
      let left = connection % 5;
      const { frames } = await openStream(`${harness.url}${path}?after=0`, headers);
      for await (const frame of frames) {
        if (frame.id === undefined) continue;
        seen.push(frame.id);
        if (frame.event === "run.completed") completed += 1;
        if (completed === rounds || left === 0) break;
        left -= 1;
      }
    }
    await sending;

    expect(new Set(seen).size).toBe(seen.length);
    expect(once(seen.map(cursorOf))).toEqual(upTo(cursorOf(seen.at(-1))));
    expect(seen.length).toBeGreaterThan(rounds * 6);
  });

  it("starts after the cursor of its URL", async () => {
    const harness = await startHarness();
    await send(harness, "x");

    const frames = await readUntil(
      await openStream(`${harness.url}${path}?after=2`),
      ({ event }) => event === "run.completed",
    );

    expect(cursorsOf(frames)[0]).toBe(3);
  });

  it("says when it is over, and then keeps readers from coming back (E3)", async () => {
    const harness = await startHarness();
    await harness.call("ensureSession", { params });
    const stream = await openStream(harness.url + path);
    await harness.call("controlSession", { params: { ...params, verb: "destroy" } });

    const frames = await readUntil(stream, () => false);
    const last = frames.filter(({ id }) => id !== undefined).at(-1)?.id;
    const again = await harness.fetch(path, { headers: { "last-event-id": `${last}` } });

    expect(cursorsOf(frames)).toEqual(upTo(cursorsOf(frames).length));
    expect(frames.at(-1)).toEqual({ event: "end", data: "{}" });
    expect(again.status).toBe(204);
  });

  it("of an unknown session is a 404", async () => {
    const { refuse } = await startHarness();

    await refuse("followEvents", "session.not_found", { params });
  });

  it("shows that it lives while nothing happens", async () => {
    const harness = await startHarness({ limits: { heartbeatMs: 5 } });
    await harness.call("ensureSession", { params });

    const frames = await readUntil(await openStream(harness.url + path), ({ comment }) => comment !== undefined);

    expect(frames.at(-1)).toEqual({ comment: "still here" });
  });

  it("ends on shutdown with the advice to come back, and without an end (E3)", async () => {
    const harness = await startHarness();
    await harness.call("ensureSession", { params });
    const stream = await openStream(harness.url + path);

    const reading = readUntil(stream, () => false);
    await harness.server.close();

    const frames = await reading;
    expect(frames.at(-1)).toEqual({ retry: "3000" });
    expect(frames.map(({ event }) => event)).not.toContain("end");
  });

  it("that fails says with which code, and ends without an end (E3)", async () => {
    const harness = await startHarness({
      wrap: withMethods({
        followEvents: async function* () {
          const at = new Date(0).toISOString();
          const event = { type: "runtime.bound", executor: "echo" } as const;
          yield { id: "1.1", cursor: 1, at, sessionId: "s", category: "runtime_state_change", event } as const;
          throw new AppError("store.unavailable", { cause: new Error("redis.internal") });
        },
      }),
    });
    await harness.call("ensureSession", { params });

    const frames = await readUntil(await openStream(harness.url + path), () => false);

    expect(frames.map(({ event }) => event)).toEqual([undefined, "runtime.bound", "problem"]);
    expect(JSON.parse(frames.at(-1)?.data ?? "")).toMatchObject({ code: "store.unavailable", isRetryable: true });
    expect(frames.at(-1)?.data).not.toContain("redis.internal");
  });

  it("is given up when its reader is gone", async () => {
    let hasEnded = (): void => {};
    const ended = new Promise<void>((resolve) => {
      hasEnded = resolve;
    });
    const harness = await startHarness({
      wrap: (runtime) => ({
        ...runtime,
        followEvents: async function* (ref, options) {
          try {
            yield* runtime.followEvents(ref, options);
          } finally {
            hasEnded();
          }
        },
      }),
    });
    await harness.runtime.registerSession(refOf(params.sessionId));

    const { response, hangUp } = await openStream(harness.url + path);
    hangUp();

    await ended;
    expect(response.status).toBe(200);
  });
});
