import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect } from "node:net";
import { json } from "node:stream/consumers";
import { AppError, describeApi, type Problem, ROUTE_NAMES } from "@holdfast/contracts";
import type { SessionRuntime } from "@holdfast/runtime";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createHttpServer } from "../src/index.ts";
import { startHarness, withMethods } from "./harness.ts";

const storeDown = withMethods({ ping: () => Promise.reject(new AppError("store.unavailable")) });

describe("liveness", () => {
  it("says yes, also while the store is down", async () => {
    const { call } = await startHarness({ wrap: storeDown });

    expect((await call("getLiveness")).body).toEqual({ isLive: true });
  });
});

describe("readiness", () => {
  it("says yes while the store answers, in one word", async () => {
    const { call } = await startHarness();

    const { status, body } = await call("getReadiness");

    expect(status).toBe(200);
    expect(body).toEqual({ isReady: true, isDraining: false });
  });

  it("tells more when asked to", async () => {
    const { call } = await startHarness();

    const { body } = await call("getReadiness", { query: { verbose: 1 } });

    expect(body.store).toMatchObject({ isReachable: true, ack: { level: "memory" } });
  });

  it("says no while the store is down", async () => {
    const { call } = await startHarness({ wrap: storeDown });

    const { status, body } = await call("getReadiness", { query: { verbose: 1 } });

    expect(status).toBe(503);
    expect(body).toEqual({
      isReady: false,
      isDraining: false,
      store: { isReachable: false, code: "store.unavailable" },
    });
  });

  it("says no while the store does not answer at all", async () => {
    const { call } = await startHarness({
      wrap: withMethods({ ping: () => new Promise(() => {}) }),
      limits: { probeMs: 20 },
    });

    const { status } = await call("getReadiness");

    expect(status).toBe(503);
  });

  it("takes what probes add to their URL", async () => {
    const { fetch } = await startHarness();

    expect((await fetch("/readyz?_=1732197600")).status).toBe(200);
    expect((await fetch("/livez?_=1732197600")).status).toBe(200);
  });
});

it.each(ROUTE_NAMES)("serves %s as the table says (A1, A2, A3)", async (name) => {
  const { send, call, refuse } = await startHarness();
  const params = { sessionId: "s", inputId: "inp_12345678", runId: "run_12345678", sequence: "1", verb: "retire" };
  const query: Record<string, string> = name === "getOutcomeByKey" ? { key: "k" } : {};
  const sent = { params, query };

  const response = await send(name, sent);

  // Nothing is there yet, so that what is about one session is refused, and the rest is not.
  if (response.ok) expect((await call(name, sent)).status).toBe(200);
  else await refuse(name, ((await response.json()) as Problem).code, sent);
});

it("lists the workers and what they host", async () => {
  const { call } = await startHarness();

  const { body } = await call("listWorkers");

  expect(body.items).toHaveLength(1);
  expect(body.items[0]?.executors.map(({ name }) => name)).toEqual(["echo", "fail", "ask", "tell", "park"]);
});

it("describes itself as the table does", async () => {
  const { call } = await startHarness();

  const { body } = await call("describeApi");

  const { paths, components } = describeApi({ title: "", version: "" });
  expect(body).toMatchObject({ openapi: "3.1.1", info: { title: "Holdfast" }, paths, components });
  expect(ROUTE_NAMES.filter((name) => !JSON.stringify(paths).includes(`"operationId":"${name}"`))).toEqual([]);
});

describe("the server", () => {
  const options = { runtime: {} as Parameters<typeof createHttpServer>[0]["runtime"] };

  it.each(["", "a\u0000"])("refuses the tenant %j", (tenantId) => {
    expect(() => createHttpServer({ ...options, tenantId })).toThrow(
      expect.objectContaining({ code: "config.invalid" }),
    );
  });

  it("says in one sentence why it cannot listen", async () => {
    const { url } = await startHarness();
    const second = createHttpServer(options);

    const listening = second.listen({ host: "127.0.0.1", port: Number(new URL(url).port) });

    await expect(listening).rejects.toMatchObject({ code: "config.invalid" });
    await second.close();
  });

  it("logs what it cannot explain, with the cause, and nothing that a caller did", async () => {
    const lines: unknown[] = [];
    const logger = pino(
      { level: "warn", base: null, timestamp: false, serializers: { err: ({ message }: Error) => message } },
      { write: (line) => lines.push(JSON.parse(line)) },
    );
    const { refuse } = await startHarness({
      logger,
      wrap: withMethods({ sessionState: () => Promise.reject(new Error("secret")) }),
    });

    await refuse("getSession", "session.not_found", { params: { sessionId: "s" } });
    await refuse("getState", "internal.bug", { params: { sessionId: "s" } });

    expect(lines).toEqual([
      {
        level: 50,
        reqId: "req-2",
        err: "secret",
        code: "internal.bug",
        route: "/v1/sessions/:sessionId/state",
        msg: "request failed",
      },
    ]);
  });
});

describe("a store that is away", () => {
  const params = { sessionId: "s" };

  /** A server whose store fails, and the lines of its log. */
  async function withLog(methods: Partial<SessionRuntime>) {
    const lines: unknown[] = [];
    const logger = pino(
      { level: "warn", base: null, timestamp: false, serializers: { err: ({ message }: Error) => message } },
      { write: (line) => lines.push(JSON.parse(line)) },
    );
    return { lines, ...(await startHarness({ logger, wrap: withMethods(methods) })) };
  }

  it("is told of once, and again with how often at the end, however many requests it costs", async () => {
    const { lines, refuse, server } = await withLog({
      sessionState: () => Promise.reject(new AppError("store.unavailable", { message: "away" })),
      waitForOutcome: () => Promise.reject(new AppError("wait.timeout")),
    });

    for (let n = 0; n < 20; n += 1) await refuse("getState", "store.unavailable", { params });
    await refuse("getOutcomeByKey", "wait.timeout", { params, query: { key: "k", wait: "1" } });
    await server.close();

    const line = {
      level: 40,
      err: "away",
      code: "store.unavailable",
      route: "/v1/sessions/:sessionId/state",
      msg: "request not served",
    };
    expect(lines).toEqual([line, { ...line, times: 19 }]);
  });

  it("is told of once, however many streams it ends", async () => {
    const { lines, call, send, server } = await withLog({
      followEvents: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => Promise.reject(new AppError("store.unavailable", { message: "away" })),
        }),
      }),
    });
    await call("ensureSession", { params });

    for (let n = 0; n < 5; n += 1) await (await send("followEvents", { params })).text();
    await server.close();

    const line = { level: 50, err: "away", route: "/v1/sessions/:sessionId/events", msg: "event stream failed" };
    expect(lines).toEqual([line, { ...line, times: 4 }]);
  });
});

/** Something that a test waits for, or lets go. */
function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe("closing", () => {
  it("says that it is not ready while it still serves, then takes nobody new", async () => {
    const { server, call, url } = await startHarness({ limits: { drainMs: 1_500 } });

    const closed = server.close();
    const probe = await call("getReadiness");
    const served = await call("listSessions");
    await closed;

    expect(probe).toMatchObject({ status: 503, body: { isReady: false, isDraining: true } });
    expect(served.headers.get("connection")).toBe("close");
    await expect(fetch(`${url}/livez`)).rejects.toThrow("fetch failed");
  });

  it("answers what is in flight", async () => {
    const [called, released] = [gate(), gate()];
    const listWorkers = async () => {
      called.open();
      await released.opened;
      return [];
    };
    const { server, url } = await startHarness({ wrap: withMethods({ listWorkers }) });
    const slow = request(`${url}/v1/workers`, new Agent({ keepAlive: true }));
    await called.opened;

    const closed = server.close();
    released.open();

    expect(await slow).toEqual({ status: 200, body: { items: [] } });
    await closed;
  });

  it("does not wait for connections that nobody has used, or uses any more", async () => {
    const { server, url, call } = await startHarness({ limits: { closeMs: 3_600_000 } });
    await call("getLiveness");
    const unused = connect(Number(new URL(url).port), "127.0.0.1");
    await once(unused, "connect");
    await call("getLiveness");

    await server.close();

    await once(unused.resume(), "close");
    expect(unused.readableEnded).toBe(true);
  });

  it("cuts waits short as if their time were up", async () => {
    const [first, both] = [gate(), gate()];
    const { call, refuse, server } = await startHarness({
      wrap: (runtime) => ({
        ...runtime,
        waitForOutcome: (...wait) => {
          first.open();
          first.open = both.open;
          return runtime.waitForOutcome(...wait);
        },
      }),
    });
    const params = { sessionId: "s" };
    const body = { kind: "prompt", text: "x", idempotencyKey: "k" };
    await call("sendInput", { params, query: { executor: "park" }, body });

    const waiting = refuse("getOutcomeByKey", "wait.timeout", { params, query: { key: "k", wait: 60 } });
    const sending = call("sendInput", { params, query: { wait: 60 }, body });
    await both.opened;
    await server.close();

    expect((await waiting).body.isRetryable).toBe(true);
    expect((await sending).body).not.toHaveProperty("outcome");
  });

  it("cuts what does not end by itself", async () => {
    const called = gate();
    const listWorkers = () => {
      called.open();
      return new Promise<never>(() => {});
    };
    const { server, url } = await startHarness({ wrap: withMethods({ listWorkers }), limits: { closeMs: 20 } });
    const stuck = request(`${url}/v1/workers`, new Agent());
    await called.opened;

    await server.close();

    await expect(stuck).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("may be asked for twice", async () => {
    const { server } = await startHarness();

    const closing = [server.close(), server.close()];

    await expect(Promise.all(closing)).resolves.toEqual([undefined, undefined]);
  });
});

interface Answer {
  readonly status: number | undefined;
  readonly body: unknown;
}

/** A request on a connection of our choosing. */
function request(url: string, agent: Agent): Promise<Answer> {
  const answer = new Promise<Answer>((resolve, reject) => {
    const pending = get(url, { agent }, (response) => {
      json(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    });
    pending.on("error", reject);
  });
  answer.catch(() => {});
  return answer;
}
