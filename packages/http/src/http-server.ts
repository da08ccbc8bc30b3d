/**
 * The HTTP API over a runtime.
 *
 * Decides nothing: the route table says what a request looks like, the runtime
 * says what becomes of it. The tenant comes from the configuration.
 */
import { setTimeout } from "node:timers/promises";
import { AppError, DEFAULT_INPUT_LIMITS, DEFAULT_TENANT, type JsonLimits, TenantId } from "@holdfast/contracts";
import { paceReports, type Report, type SessionRuntime, systemClock } from "@holdfast/runtime";
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify, LogController } from "fastify";
import { controlHandlers } from "./control/control-handlers.ts";
import { deadLetterHandlers } from "./dead-letter/dead-letter-handlers.ts";
import { deliveryHandlers } from "./delivery/delivery-handlers.ts";
import { eventHandlers } from "./event/event-handlers.ts";
import { inputHandlers } from "./input/input-handlers.ts";
import { operationHandlers } from "./operation/operation-handlers.ts";
import { answerConnectionError, answerExpectation } from "./problem/client-error.ts";
import { answerProblems, createProblemSender } from "./problem/send-problem.ts";
import { Connections } from "./process/connections.ts";
import { OpenCalls } from "./process/open-calls.ts";
import { processHandlers } from "./process/process-handlers.ts";
import { bindRoutes } from "./routing/bind-routes.ts";
import type { Handlers } from "./routing/handler.ts";
import { acceptJsonOnly, assertPlainBody, bodyLimitOf } from "./routing/json-body.ts";
import { scheduleHandlers } from "./schedule/schedule-handlers.ts";
import { sessionHandlers } from "./session/session-handlers.ts";
import { streamHandlers } from "./stream/stream-handlers.ts";
import type { Surface } from "./surface.ts";
import { workHandlers } from "./work/work-handlers.ts";

/** Bounds on what one caller can take. */
export interface HttpLimits extends JsonLimits {
  /** A request must have arrived after this long. */
  readonly requestMs: number;
  /** The store must answer a readiness probe after this long. */
  readonly probeMs: number;
  /** A stream without events shows that it lives this often. */
  readonly heartbeatMs: number;
  /** A reader of a stream that takes nothing for this long is disconnected. */
  readonly stallMs: number;
  /** After it began to say that it is not ready, the server takes requests for this long. */
  readonly drainMs: number;
  /** Requests in flight when the server closes have this long to finish. */
  readonly closeMs: number;
}

/** Defaults of {@link HttpLimits}; payload and nesting are those of the runtime. */
export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  ...DEFAULT_INPUT_LIMITS,
  requestMs: 10_000,
  probeMs: 2_000,
  heartbeatMs: 15_000,
  stallMs: 60_000,
  drainMs: 0,
  closeMs: 10_000,
};

/** What a server serves. */
export interface HttpServerOptions {
  readonly runtime: SessionRuntime;
  /** Whose sessions; the default is the only tenant of a deployment that has one. */
  readonly tenantId?: string;
  /** A pino logger; without one nothing is logged. */
  readonly logger?: FastifyBaseLogger;
  readonly limits?: Partial<HttpLimits>;
}

/** A server from its creation until it is closed. The runtime stays open. */
export interface HttpServer {
  /**
   * Starts to listen; port 0 takes a free one. Resolves with the base URL.
   *
   * @throws config.invalid when the address cannot be had
   */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;
  /**
   * Says that it is not ready; after `drainMs` takes no more connections, ends
   * waits and streams with the advice to come back, lets requests in flight
   * finish for `closeMs`, and cuts the rest. May be called twice.
   */
  close(): Promise<void>;
}

/**
 * Builds a server.
 *
 * @example
 * ```ts
 * const server = createHttpServer({ runtime: holdfast.runtime });
 * const url = await server.listen({ host: "127.0.0.1", port: 8080 });
 * ```
 *
 * @throws config.invalid for a tenant id that is none
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits = { ...DEFAULT_HTTP_LIMITS, ...options.limits };
  const calls = new OpenCalls();
  let closing: Promise<void> | null = null;
  const surface: Surface = {
    runtime: options.runtime,
    tenantId: readTenant(options.tenantId ?? DEFAULT_TENANT),
    probeMs: limits.probeMs,
    isDraining: () => closing !== null,
  };
  const { app, report } = createApp(limits, options.logger);
  const connections = new Connections(app.server);
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    assertHost(request);
    assertPlainBody(request);
    done();
  });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    // The next request of this client belongs elsewhere.
    if (surface.isDraining()) reply.header("connection", "close");
    done();
  });
  bindRoutes(app, { ...limits, limits, calls, report, handlers: handlersOf(surface) });

  return {
    listen: (address) => listen(app, address),
    close: () => {
      closing ??= close({ app, calls, connections, limits });
      return closing;
    },
  };
}

function handlersOf(surface: Surface): Handlers {
  return {
    ...sessionHandlers(surface),
    ...inputHandlers(surface),
    ...eventHandlers(surface),
    ...controlHandlers(surface),
    ...deadLetterHandlers(surface),
    ...workHandlers(surface),
    ...deliveryHandlers(surface),
    ...operationHandlers(surface),
    ...scheduleHandlers(surface),
    ...streamHandlers(surface),
    ...processHandlers(surface),
  };
}

/** The framework, and what tells its log of trouble that many requests share. */
interface App {
  readonly app: FastifyInstance;
  readonly report: (report: Report) => void;
}

function createApp(limits: HttpLimits, logger: FastifyBaseLogger | undefined): App {
  const reports = paceReports(({ level, phrase, fields }) => app.log[level](fields, phrase), systemClock);
  const sendProblem = createProblemSender(reports.report);
  const app: FastifyInstance = fastify({
    ...(logger === undefined ? {} : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitOf(limits),
    requestTimeout: limits.requestMs,
    // Node takes the larger of its two timeouts for the body, and shortens the one for headers only at construction.
    http: {
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: Math.min(1_000, limits.requestMs),
      // Node's own refusal has no body: `assertHost` refuses in the form of every other error.
      requireHostHeader: false,
    },
    // Requests on connections that are already there are served to the end.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: {
      // Length is a question of the id, not of the route.
      maxParamLength: 65_536,
      // Queries are read strictly, by `readQuery`.
      querystringParser: () => ({}),
    },
    clientErrorHandler: answerConnectionError,
    frameworkErrors: sendProblem,
  });
  acceptJsonOnly(app, limits);
  app.server.on("checkExpectation", answerExpectation);
  answerProblems(app, sendProblem);
  app.addHook("onClose", (_app, done) => {
    reports.close();
    done();
  });
  return { app, report: reports.report };
}

/** HTTP/1.1 asks for it. @throws request.invalid */
function assertHost({ raw }: FastifyRequest): void {
  if (raw.httpVersion !== "1.1" || raw.headers.host !== undefined) return;
  throw new AppError("request.invalid", { message: "The request has no Host header." });
}

function readTenant(text: string): TenantId {
  const parsed = TenantId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new AppError("config.invalid", { message: `The tenant id ${parsed.error.issues[0]?.message}.` });
}

async function listen(app: FastifyInstance, address: { host: string; port: number }): Promise<string> {
  try {
    return await app.listen({ ...address, listenTextResolver: () => "listening" });
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const message = `Cannot listen on ${address.host}:${address.port}: ${reason}.`;
    throw new AppError("config.invalid", { message, cause });
  }
}

interface Closing {
  readonly app: FastifyInstance;
  readonly calls: OpenCalls;
  readonly connections: Connections;
  readonly limits: HttpLimits;
}

async function close({ app, calls, connections, limits }: Closing): Promise<void> {
  await setTimeout(limits.drainMs);
  const deadline = new AbortController();
  const cut = setTimeout(limits.closeMs, undefined, { signal: deadline.signal }).then(
    () => app.server.closeAllConnections(),
    () => {},
  );
  const closed = app.close();
  calls.endAll();
  connections.endUnused();
  await closed;
  deadline.abort();
  await cut;
}
