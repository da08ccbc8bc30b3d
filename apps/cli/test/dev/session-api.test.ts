import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { SessionApi } from "../../src/dev/session-api.ts";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A session of a server that answers as told. */
async function sessionAt(answer: RequestListener): Promise<SessionApi> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const { port } = server.address() as { port: number };
  const signal = AbortSignal.timeout(10_000);
  return new SessionApi({ apiUrl: `http://127.0.0.1:${port}`, sessionId: "chat/42", signal });
}

async function eventsOf(chunks: readonly string[]): Promise<unknown[]> {
  const api = await sessionAt((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const chunk of chunks) response.write(chunk);
    response.end();
  });
  const events: unknown[] = [];
  for await (const event of api.events(0)) events.push(event);
  return events;
}

describe("SessionApi", () => {
  it("begins at 0 with a session that does not exist", async () => {
    const api = await sessionAt((_request, response) => response.writeHead(404).end("{}"));

    expect(await api.cursor()).toBe(0);
  });

  it("rejects with the code the API answers with", async () => {
    const api = await sessionAt((_request, response) => {
      response.writeHead(409).end(JSON.stringify({ code: "session.not_accepting", detail: "the session is retired" }));
    });

    const sent = api.send({ text: "hello", key: "k", executor: "echo" });

    await expect(sent).rejects.toMatchObject({ code: "session.not_accepting", message: "the session is retired" });
  });

  it("reads events however they are cut", async () => {
    const text =
      'retry: 1000\n\n: still here\n\nid: 1\nevent: a\ndata: {"n":"ä: 1"}\n\nid: 2\nevent: b\ndata: {"n":2}\n\n';
    for (let at = 1; at < text.length; at += 7) {
      expect(await eventsOf([text.slice(0, at), text.slice(at)])).toEqual([{ n: "ä: 1" }, { n: 2 }]);
    }
  });

  it("stops at the end of a session and fails with its problem", async () => {
    expect(await eventsOf(["event: end\ndata: {}\n\n", 'event: a\ndata: {"n":1}\n\n'])).toEqual([]);
    const failed = eventsOf(['event: problem\ndata: {"code":"store.unavailable","detail":"gone"}\n\n']);
    await expect(failed).rejects.toMatchObject({ code: "store.unavailable" });
  });
});
