/** The server on the real runtime over a store in process, and a client that holds every answer to the route table. */
import {
  COMMON_PROBLEMS,
  DEFAULT_INPUT_LIMITS,
  DEFAULT_LOOP_LIMITS,
  DEFAULT_RETENTION,
  DEFAULT_RETRY_BUDGET,
  DEFAULT_TENANT,
  DEFAULT_TIMING,
  type ErrorCode,
  type ExecutorResult,
  encodePathSegment,
  type NodeId,
  type Problem,
  ProblemDocument,
  ROUTES,
  type Route,
  type RouteName,
  type RouteSuccess,
  SessionId,
  type SessionRef,
  TenantId,
} from "@holdfast/contracts";
import {
  createSessionRuntime,
  type Executor,
  type SessionRuntime,
  sha256,
  systemClock,
  systemRandom,
} from "@holdfast/runtime";
import { createMemoryStore, createMemoryWakeQueue } from "@holdfast/store-memory";
import { expect, onTestFinished } from "vitest";
import { createHttpServer, type HttpLimits, type HttpServer, type HttpServerOptions } from "../src/index.ts";

/** One request, by parts. `query` and `body` are what is sent, legal or not. */
export interface Sent {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** An answer of the server, checked against the table. */
export interface Reply<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface Harness {
  readonly url: string;
  readonly server: HttpServer;
  readonly runtime: SessionRuntime;
  /** Lets the executor `park` answer. */
  readonly release: () => void;
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  /** Calls a route by name. */
  readonly send: (name: RouteName, sent?: Sent) => Promise<Response>;
  /** Calls a route by name and expects a success (A3). */
  readonly call: <Name extends RouteName>(name: Name, sent?: Sent) => Promise<Reply<RouteSuccess<Name>["body"]>>;
  /** Calls a route by name and expects the problem (A2). */
  readonly refuse: (name: RouteName, code: ErrorCode, sent?: Sent) => Promise<Reply<Problem>>;
}

export interface HarnessOptions extends Pick<HttpServerOptions, "logger" | "tenantId"> {
  readonly limits?: Partial<HttpLimits>;
  /** Stands between the server and the runtime. */
  readonly wrap?: (runtime: SessionRuntime) => SessionRuntime;
}

/** Starts a server with the executors `echo`, `fail`, `tell` and `park`; it ends with the test. */
export async function startHarness({ wrap = (runtime) => runtime, ...options }: HarnessOptions = {}): Promise<Harness> {
  const { executors, release } = createExecutors();
  const running = createSessionRuntime(
    {
      node: systemRandom.id("nod") as NodeId,
      store: createMemoryStore({ clock: systemClock }),
      wakeQueue: createMemoryWakeQueue({ clock: systemClock }).connect(),
      clock: systemClock,
      random: systemRandom,
      sha256,
      timing: DEFAULT_TIMING,
      budget: DEFAULT_RETRY_BUDGET,
      loop: DEFAULT_LOOP_LIMITS,
      inputLimits: { ...DEFAULT_INPUT_LIMITS, ...options.limits },
      retention: DEFAULT_RETENTION,
      report: () => {},
    },
    executors,
  );
  await running.start();
  const runtime = wrap(running.runtime);
  const server = createHttpServer({ runtime, ...options });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(async () => {
    release();
    await server.close();
    await running.stop({ graceMs: 0 });
  });
  const send = (name: RouteName, sent: Sent = {}) => fetch(`${url}${targetOf(ROUTES[name], sent)}`, initOf(name, sent));
  return {
    url,
    server,
    runtime: running.runtime,
    release,
    send,
    fetch: (path, init) => fetch(`${url}${path}`, init),
    call: async (name, sent) => success(name, await send(name, sent)),
    refuse: async (name, code, sent) => refusal(name, code, await send(name, sent)),
  };
}

function createExecutors() {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const executor = (name: string, apply: Executor["apply"]): Executor => ({
    name,
    version: "1.0.0",
    maxBatch: 1,
    apply,
  });
  const completed = (output: string): ExecutorResult => ({ kind: "completed", output, state: { last: output } });
  const executors = [
    executor("echo", async ({ inputs }) =>
      completed(inputs.map((input) => (input.kind === "prompt" ? input.text : "")).join()),
    ),
    executor("fail", async () => ({ kind: "failed", failure: { code: "test.no", message: "no" }, isRetryable: false })),
    executor("ask", async ({ resumed }) =>
      resumed === null
        ? { kind: "suspended", on: { type: "approval", approvalId: "a" } }
        : completed(String(resumed.value)),
    ),
    executor("tell", async ({ stream }) => {
      await stream.write("one");
      await released;
      await stream.write({ two: 2 });
      return completed("told");
    }),
    executor("park", async ({ signal }) => {
      const aborted = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([released, aborted]);
      return signal.aborted ? { kind: "cancelled" } : completed("released");
    }),
  ];
  return { executors, release };
}

function targetOf(route: Route, { params = {}, query = {} }: Sent): string {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => encodePathSegment(params[name] ?? ""));
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}

function initOf(name: RouteName, { headers = {}, body }: Sent): RequestInit {
  if (body === undefined) return { method: ROUTES[name].method, headers };
  const type = { "content-type": "application/json" };
  return { method: ROUTES[name].method, headers: { ...type, ...headers }, body: JSON.stringify(body) };
}

async function success<Name extends RouteName>(
  name: Name,
  response: Response,
): Promise<Reply<RouteSuccess<Name>["body"]>> {
  const { responses }: Route = ROUTES[name];
  const text = await response.text();
  if (!(response.status in responses)) throw new Error(`${name} answered ${response.status}: ${text}`);
  const schema = responses[response.status as keyof typeof responses];
  if (schema === null || schema === undefined) {
    expect(text).toBe("");
    return { status: response.status, headers: response.headers, body: null as RouteSuccess<Name>["body"] };
  }
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  const body: unknown = JSON.parse(text);
  // Strips what the table does not know: nothing may be left over.
  expect(schema.parse(body)).toEqual(body);
  return { status: response.status, headers: response.headers, body: body as RouteSuccess<Name>["body"] };
}

async function refusal(name: RouteName, code: ErrorCode, response: Response): Promise<Reply<Problem>> {
  const reply = await problemOf(response);
  const { problems }: Route = ROUTES[name];
  expect(reply.body).toMatchObject({ code });
  expect([...problems, ...COMMON_PROBLEMS]).toContain(code);
  return reply;
}

/** Reads an error: a problem document that agrees with its status and tells nothing of the inside. */
export async function problemOf(response: Response): Promise<Reply<Problem>> {
  const text = await response.text();
  expect({ type: response.headers.get("content-type"), text }).toMatchObject({
    type: "application/problem+json; charset=utf-8",
  });
  const body = ProblemDocument.parse(JSON.parse(text));
  expect(body.status).toBe(response.status);
  expect(text).not.toMatch(/\.ts|node_modules|\n {4}at /);
  return { status: response.status, headers: response.headers, body };
}

/** A session of the default tenant. */
export function refOf(sessionId: string, tenantId: string = DEFAULT_TENANT): SessionRef {
  return { tenantId: TenantId.parse(tenantId), sessionId: SessionId.parse(sessionId) };
}

/** A runtime of which some methods are replaced. */
export function withMethods(replaced: Partial<SessionRuntime>): (runtime: SessionRuntime) => SessionRuntime {
  return (runtime) => ({ ...runtime, ...replaced });
}
