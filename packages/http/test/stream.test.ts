import { type RunId, StreamPart } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { type Harness, refOf, startHarness } from "./harness.ts";
import { openStream, readUntil } from "./read-frames.ts";

const params = { sessionId: "chat/42" };
const base = "/v1/sessions/chat%2F42";
const json = { accept: "application/json" };

/** Sends to an executor that has written one chunk by the time this resolves; `release` lets it end. */
async function tell(harness: Harness): Promise<RunId> {
  await harness.call("sendInput", { params, query: { executor: "tell" }, body: { kind: "prompt", text: "hi" } });
  for (;;) {
    const runId = await harness.runtime.findCurrentRun(refOf("chat/42"));
    const page = runId === null ? null : await harness.runtime.readStream(refOf("chat/42"), runId);
    if (runId !== null && page?.items.length === 1) return runId;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

const ONE = { type: "chunk", offset: 1, chunk: "one" };
const TWO = { type: "chunk", offset: 2, chunk: { two: 2 } };
const CLOSED = { type: "closed", offset: 3, status: "completed", isTruncated: false };

describe("the stream of a run", () => {
  it("has what is there, then each part as it comes, then its end [G12]", async () => {
    const harness = await startHarness();
    const runId = await tell(harness);
    const stream = await openStream(`${harness.url}${base}/runs/${runId}/stream`);

    const first = await readUntil(stream, ({ event }) => event === "chunk");
    expect(first.at(-1)).toEqual({ id: "1", event: "chunk", data: JSON.stringify(ONE) });
    stream.hangUp();
    const again = await openStream(`${harness.url}${base}/runs/${runId}/stream?after=0`, { "last-event-id": "1" });
    harness.release();
    const rest = await readUntil(again, ({ event }) => event === "end");

    const told = rest.filter(({ id }) => id !== undefined);
    expect(told.map(({ data = "" }) => StreamPart.parse(JSON.parse(data)))).toEqual([TWO, CLOSED]);
    expect(told.map(({ id, event }) => [id, event])).toEqual([
      ["2", "chunk"],
      ["3", "closed"],
    ]);
    expect(rest.at(-1)).toEqual({ event: "end", data: "{}" });
    const over = await openStream(`${harness.url}${base}/runs/${runId}/stream`, { "last-event-id": "3" });
    expect(over.response.status).toBe(204);
  });

  it("is a page for a JSON reader", async () => {
    const harness = await startHarness();
    const runId = await tell(harness);

    const open = await harness.call("followRunStream", { params: { ...params, runId }, headers: json });

    expect(open.body).toEqual({ items: [ONE], next: 1, isClosed: false });
  });

  it("of a run that does not exist, or an offset it has not, is refused before anything is written [A2]", async () => {
    const harness = await startHarness();
    const runId = await tell(harness);
    const unknown = { ...params, runId: "run_of_nobody" };

    await harness.refuse("followRunStream", "run.not_found", { params: unknown });
    await harness.refuse("followRunStream", "run.not_found", { params: unknown, headers: json });
    await harness.refuse("followRunStream", "request.invalid", { params: { ...params, runId }, query: { after: 9 } });
    await harness.refuse("followCurrentStream", "session.not_found", { params: { sessionId: "nobody" } });
    await harness.refuse("followCurrentStream", "request.invalid", { params, query: { after: "7" } });
  });
});

describe("the current stream of a session", () => {
  it("is that of the run in progress, and stays so for a reader that comes back [G12]", async () => {
    const harness = await startHarness();
    const runId = await tell(harness);
    const stream = await openStream(`${harness.url}${base}/stream`);
    const [last] = (await readUntil(stream, ({ event }) => event === "chunk")).slice(-1);
    expect(last?.id).toBe(`${runId}.1`);
    harness.release();
    await readUntil(await openStream(`${harness.url}${base}/runs/${runId}/stream`), ({ event }) => event === "end");

    const again = await openStream(`${harness.url}${base}/stream`, { "last-event-id": last?.id ?? "" });
    const rest = await readUntil(again, ({ event }) => event === "end");

    expect(rest.flatMap(({ id }) => id ?? [])).toEqual([`${runId}.2`, `${runId}.3`]);
    const page = await harness.call("followCurrentStream", { params, headers: json, query: { after: `${runId}.1` } });
    expect(page.body).toEqual({ runId, items: [TWO, CLOSED], next: 3, isClosed: true });
  });

  it("is nothing at rest", async () => {
    const harness = await startHarness();
    await harness.call("ensureSession", { params });

    expect((await harness.send("followCurrentStream", { params })).status).toBe(204);
    expect((await harness.call("followCurrentStream", { params, headers: json })).body).toBeNull();
  });
});
