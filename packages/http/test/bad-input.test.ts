import { connect } from "node:net";
import { text as readText } from "node:stream/consumers";
import { AppError, DEFAULT_INPUT_LIMITS, type ErrorCode, type Problem } from "@holdfast/contracts";
import { beforeEach, describe, expect, it } from "vitest";
import { type Harness, type HarnessOptions, problemOf, refOf, startHarness, withMethods } from "./harness.ts";

const params = { sessionId: "s" };
const path = "/v1/sessions/s/inputs";
const json = { "content-type": "application/json" };

let harness: Harness;

beforeEach(async () => {
  harness = await startHarness();
  await harness.runtime.registerSession(refOf("s"));
});

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json): Promise<Problem> {
  const reply = await problemOf(await harness.fetch(path, { method: "POST", headers, body }));
  return reply.body;
}

describe("an input", () => {
  it.each<[unknown, ErrorCode]>([
    [{ kind: "shout", text: "x" }, "input.unknown_kind"],
    [{ text: "x" }, "input.unknown_kind"],
    [{ kind: "toString" }, "input.unknown_kind"],
    [{ kind: "prompt" }, "input.invalid"],
    [{ kind: "prompt", text: 5 }, "input.invalid"],
    [{ kind: "prompt", text: "x", surprise: 1 }, "input.invalid"],
    [{ kind: "prompt", text: "x", tenantId: "other" }, "input.invalid"],
    [{ kind: "prompt", text: "x", correlationId: "c".repeat(129) }, "input.invalid"],
    [{ kind: "prompt", text: "x", notBefore: "tomorrow" }, "input.invalid"],
    [{ kind: "prompt", text: "\ud800" }, "input.invalid"],
    [{ kind: "flow_step", stepId: "", instructions: "x" }, "input.invalid"],
    [{ kind: "prompt", text: "x", idempotencyKey: "" }, "id.invalid"],
    [{ kind: "prompt", text: "x", idempotencyKey: "k".repeat(257) }, "id.invalid"],
    [{ kind: "prompt", text: "x", idempotencyKey: "a\u0000" }, "id.invalid"],
    [{ kind: "prompt", text: "x", idempotencyKey: "e\u0301" }, "id.invalid"],
    [[], "input.invalid"],
    ["prompt", "input.invalid"],
    [null, "input.invalid"],
  ])("like %j is refused with %s", async (body, code) => {
    const { status } = await harness.refuse("sendInput", code, { params, body });

    expect(status).toBe(400);
  });

  it("says what is wrong where", async () => {
    const { body } = await harness.refuse("sendInput", "input.invalid", { params, body: { kind: "prompt" } });

    expect(body.details).toMatchObject({ issues: [{ path: "/text" }] });
  });

  it("of an unknown kind is told the known ones", async () => {
    const { body } = await harness.refuse("sendInput", "input.unknown_kind", { params, body: { kind: "shout" } });

    expect(body.details).toMatchObject({ kinds: expect.arrayContaining(["prompt"]) });
  });

  it("that is refused is not recorded", async () => {
    await harness.refuse("sendInput", "input.invalid", { params, body: { kind: "prompt" } });

    expect((await harness.call("listInputs", { params })).body.items).toEqual([]);
  });
});

describe("a body", () => {
  it.each([
    ["open brace", "{"],
    ["text", "hello"],
    ["trailing comma", '{"kind":"prompt",}'],
    ["two values", "{}{}"],
    ["not a number", '{"kind":"prompt","text":NaN}'],
  ])("that is no JSON, %s, is malformed", async (_what, body) => {
    expect(await post(body)).toMatchObject({ status: 400, code: "request.malformed" });
  });

  it("that is no UTF-8 is malformed, not silently mended", async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"kind":"prompt","text":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}'),
    ]);

    expect(await post(bytes)).toMatchObject({ code: "request.malformed" });
  });

  it.each(["[", '{"a":'])("nested 200,000 deep in %s is refused without a parser falling over", async (open) => {
    expect(await post(open.repeat(200_000))).toMatchObject({ status: 400, code: "request.too_deep" });
  });

  it.each([
    '{"kind":"prompt","text":"x","metadata":{"__proto__":{"isAdmin":true}}}',
    '{"__proto__":{"isAdmin":true},"kind":"prompt","text":"x"}',
    '{"kind":"prompt","text":"x","metadata":{"constructor":{"prototype":{}}}}',
  ])("with a key that reaches a prototype is refused: %s", async (body) => {
    expect(await post(body)).toMatchObject({ status: 400, code: "request.forbidden_key" });
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });

  it.each([
    ["PUT", "/v1/sessions/s", '{"__proto__":{}}', "request.forbidden_key"],
    ["PUT", "/v1/sessions/s", '{"settings":{"__proto__":{}}}', "request.forbidden_key"],
    ["PUT", "/v1/sessions/s", '{"settings":{"silentIntents":["\\ud800"]}}', "request.invalid"],
    ["POST", "/v1/sessions/s/control/retire", '{"constructor":1}', "request.forbidden_key"],
    ["POST", "/v1/sessions/s/interrupt", "{", "request.malformed"],
    ["POST", "/v1/sessions/s/interrupt", "[".repeat(65), "request.too_deep"],
  ])("of %s %s is guarded the same way: %s", async (method, target, body, code) => {
    const reply = await problemOf(await harness.fetch(target, { method, headers: json, body }));

    expect(reply.body).toMatchObject({ code });
  });

  it("full of faults is told of the first ones", async () => {
    const settings = { silentIntents: Array.from({ length: 900 }, () => 1), ["x".repeat(100_000)]: 1 };

    const { body } = await harness.refuse("ensureSession", "request.invalid", { params, body: { settings } });

    expect(body.details?.["issues"]).toHaveLength(20);
    expect(JSON.stringify(body).length).toBeLessThan(20_000);
  });

  it.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "nonsense",
  ])("of the type %s is refused", async (type) => {
    expect(await post('{"kind":"prompt","text":"x"}', { "content-type": type })).toMatchObject({
      status: 400,
      code: "request.invalid",
    });
  });

  it("without a type is refused", async () => {
    expect(await post(Buffer.from("{}"), {})).toMatchObject({ code: "request.invalid" });
  });

  it.each(["gzip", "br", "GZIP", "identity, gzip"])("in the encoding %s is refused", async (encoding) => {
    const problem = await post('{"kind":"prompt","text":"x"}', { ...json, "content-encoding": encoding });

    expect(problem).toMatchObject({ status: 415, code: "request.unsupported_encoding" });
  });

  it("that is called unencoded is read", async () => {
    const headers = { ...json, "content-encoding": "Identity" };
    const body = '{"kind":"prompt","text":"x"}';

    expect((await harness.fetch(path, { method: "POST", headers, body })).status).toBe(202);
  });

  it("with parameters on its type, or a byte order mark, is read", async () => {
    const body = '\ufeff{"kind":"prompt","text":"x"}';
    const headers = { "content-type": "Application/JSON; charset=utf-8" };

    expect((await harness.fetch(path, { method: "POST", headers, body })).status).toBe(202);
  });

  it("that is empty is no body", async () => {
    const empty = await harness.fetch("/v1/sessions/s/control/retire", { method: "POST", headers: json, body: "" });

    expect(empty.status).toBe(200);
    expect(await post("")).toMatchObject({ code: "input.invalid" });
  });
});

describe("a payload", () => {
  // Only its white space is too much: nothing but the limit on raw bytes can refuse it.
  const large = " ".repeat(DEFAULT_INPUT_LIMITS.payloadBytes * 2) + JSON.stringify({ kind: "prompt", text: "x" });

  it("beyond the raw limit is refused while it is being sent", async () => {
    expect(await post(large)).toMatchObject({ status: 413, code: "input.too_large" });
  });

  it("beyond the raw limit is refused when its length is not announced", async () => {
    const body = new Blob([large]).stream();
    const init = { method: "POST", headers: json, body, duplex: "half" } as RequestInit;

    expect((await problemOf(await harness.fetch(path, init))).body).toMatchObject({
      status: 413,
      code: "input.too_large",
    });
  });

  it("within the slack and beyond the payload limit is refused by the runtime", async () => {
    const body = { kind: "prompt", text: "x".repeat(DEFAULT_INPUT_LIMITS.payloadBytes) };

    const reply = await harness.refuse("sendInput", "input.too_large", { params, body });

    expect(reply.status).toBe(413);
  });

  it("up to the limit is admitted", async () => {
    const body = { kind: "prompt", text: "x".repeat(DEFAULT_INPUT_LIMITS.payloadBytes - 1_000) };

    expect((await harness.call("sendInput", { params, body })).status).toBe(202);
  });
});

describe("a session id", () => {
  it.each([
    "chat/42",
    "a:b",
    "{x}",
    "🦊",
    "100%25",
    "a%2Fb",
    "a b+c",
    "ünïcode",
    "a?b#c&d=e",
    "a;b",
    "'\"<>\\",
    "x".repeat(256),
    "あ".repeat(85),
  ])("like %j names one session, on every route", async (sessionId) => {
    await harness.call("sendInput", {
      params: { sessionId },
      query: { executor: "echo", wait: 30 },
      body: { kind: "prompt", text: "x", idempotencyKey: sessionId },
    });

    const view = await harness.call("getSession", { params: { sessionId } });
    const outcome = await harness.call("getOutcomeByKey", { params: { sessionId }, query: { key: sessionId } });
    const control = await harness.call("controlSession", { params: { sessionId, verb: "retire" } });
    expect(view.body).toMatchObject({ sessionId, admitted: 1 });
    expect(outcome.body).toMatchObject({ kind: "completed" });
    expect(control.body).toMatchObject({ phaseAfter: "retired" });
    expect(await harness.runtime.findSession(refOf(sessionId))).not.toBeNull();
  });

  it.each(["", "a\u0000b", "a\nb", "\u007f", "e\u0301", "x".repeat(257), "x".repeat(4_000), "あ".repeat(86)])(
    "like %j is refused",
    async (sessionId) => {
      const { status } = await harness.refuse("getState", "id.invalid", { params: { sessionId } });

      expect(status).toBe(400);
    },
  );

  it.each(["%ED%A0%80", "%C3", "%zz", "%"])("that is no percent-encoded UTF-8, %s, is refused", async (segment) => {
    const reply = await problemOf(await harness.fetch(`/v1/sessions/${segment}/state`));

    expect(reply.body).toMatchObject({ status: 400, code: "id.invalid" });
  });
});

describe("a query", () => {
  it.each(["?limit=1&limit=2", "?limit=%zz", "?limti=1", "?__proto__=1", "?limit", "?limit=1e1"])(
    "like %s is refused",
    async (query) => {
      const reply = await problemOf(await harness.fetch(`/v1/sessions/s/inputs${query}`));

      expect(reply.body).toMatchObject({ status: 400, code: "request.invalid" });
    },
  );

  it.each(["", "k".repeat(257), "a\u0000"])("with the key %j is refused", async (key) => {
    await harness.refuse("getOutcomeByKey", "id.invalid", { params, query: { key } });
  });

  it("that names no executor, but something, is refused", async () => {
    await harness.refuse("sendInput", "request.invalid", {
      params,
      query: { executor: "a b" },
      body: { kind: "prompt", text: "" },
    });
  });
});

describe("a header", () => {
  it.each(['"open', '"a", "b"', "a, b", "ü", '""'])("Idempotency-Key: %s is refused", async (key) => {
    const headers = { "idempotency-key": key };

    await harness.refuse("sendInput", "id.invalid", { params, headers, body: { kind: "prompt", text: "x" } });
  });

  it("Holdfast-Minimum-Ack that is no level is refused", async () => {
    const headers = { "holdfast-minimum-ack": "fast" };

    await harness.refuse("sendInput", "request.invalid", { params, headers, body: { kind: "prompt", text: "x" } });
  });

  it("Last-Event-ID that is no cursor is refused", async () => {
    await harness.refuse("followEvents", "request.invalid", { params, headers: { "last-event-id": "abc" } });
  });
});

describe("a route", () => {
  it.each([
    ["GET", "/"],
    ["GET", "/v2/sessions"],
    ["GET", "/v1/sessions/s/"],
    ["GET", "/v1/sessions/a/b"],
    ["POST", "/v1/sessions/s/control"],
  ])("%s %s does not exist", async (method, target) => {
    const reply = await problemOf(await harness.fetch(target, { method }));

    expect(reply.body).toMatchObject({ status: 404, code: "route.not_found", details: { method, path: target } });
  });

  it.each([
    ["DELETE", "/v1/sessions/s", "PUT, GET"],
    ["POST", "/v1/sessions/s", "PUT, GET"],
    ["OPTIONS", "/v1/sessions", "GET"],
    ["PATCH", "/v1/sessions/s/schedules/daily", "PUT, DELETE"],
    ["GET", "/v1/sessions/s/control/retire", "POST"],
  ])("%s %s exists for other methods, which are named", async (method, target, allow) => {
    const reply = await problemOf(await harness.fetch(target, { method }));

    expect(reply.body).toMatchObject({ status: 405, code: "route.method_not_allowed", details: { method } });
    expect(reply.headers.get("allow")).toBe(allow);
  });

  it("says which methods it has before it looks at a body", async () => {
    const response = await harness.fetch("/v1/sessions", { method: "PUT", headers: json, body: "{" });

    expect((await problemOf(response)).body).toMatchObject({ code: "route.method_not_allowed" });
  });

  it("HEAD is answered without a body", async () => {
    const response = await harness.fetch("/v1/sessions", { method: "HEAD" });

    expect({ status: response.status, allow: response.headers.get("allow") }).toEqual({ status: 405, allow: "GET" });
    expect(await response.text()).toBe("");
  });
});

describe("a failure", () => {
  const failing = (error: unknown): HarnessOptions => ({
    wrap: withMethods({ sessionState: () => Promise.reject(error) }),
  });

  it("of the store is a 503 that may be repeated", async () => {
    const cause = new Error("connect ECONNREFUSED redis.internal:6379");
    const { refuse } = await startHarness(failing(new AppError("store.unavailable", { cause })));

    const reply = await refuse("getState", "store.unavailable", { params });

    expect(reply.status).toBe(503);
    expect(reply.body.isRetryable).toBe(true);
    expect(reply.headers.get("retry-after")).toBe("1");
    expect(JSON.stringify(reply.body)).not.toContain("redis.internal");
  });

  it.each([
    new Error("password=hunter2"),
    "hunter2",
    undefined,
    Object.assign(new Error("hunter2"), { statusCode: 418 }),
  ])("that is unknown (%s) is a 500 that says nothing", async (error) => {
    const { refuse } = await startHarness(failing(error));

    const reply = await refuse("getState", "internal.bug", { params });

    expect(reply.status).toBe(500);
    expect(JSON.stringify(reply.body)).not.toContain("hunter2");
  });

  it("of our own keeps its details in the log", async () => {
    const error = new AppError("store.corrupt", { message: "row 7 is hunter2", details: { row: "hunter2" } });
    const { refuse } = await startHarness(failing(error));

    const reply = await refuse("getState", "store.corrupt", { params });

    expect(JSON.stringify(reply.body)).not.toContain("hunter2");
  });
});

describe("a connection", () => {
  /** Sends bytes and answers with everything that comes back until the server closes. */
  async function exchange(url: string, bytes: string): Promise<string> {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(bytes);
    return readText(socket);
  }

  it.each([
    ["no HTTP", "hello\r\n\r\n"],
    ["a URL without end", `GET /v1/sessions/${"x".repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
  ])("that carries %s gets a problem and is closed", async (_what, bytes) => {
    const answer = await exchange(harness.url, bytes);

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"request.invalid"');
  });

  it.each([
    ["no host", 400, "request.invalid", "GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n"],
    [
      "an expectation that nobody meets",
      417,
      "request.expectation_failed",
      "GET /livez HTTP/1.1\r\nhost: x\r\nexpect: a-miracle\r\nconnection: close\r\n\r\n",
    ],
  ])("with %s gets a problem", async (_what, status, code, bytes) => {
    const answer = await exchange(harness.url, bytes);

    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.toLowerCase()).toContain("content-type: application/problem+json; charset=utf-8");
    expect(answer).toContain(`"code":"${code}"`);
  });

  it("that does not finish its body is closed in time", async () => {
    const { url } = await startHarness({ limits: { requestMs: 200 } });
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n`;

    const answer = await exchange(url, `${head}{"kind":`);

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"request.invalid"');
  });

  it.each(["/v1/sessions/s#t", "/v1/sessions/schön"])("that asks for %s unencoded is refused", async (target) => {
    const answer = await exchange(harness.url, `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});
