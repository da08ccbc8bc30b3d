/** Binds every route of the table to its handler (A1). */
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { AppError, type JsonLimits, ROUTE_NAMES, ROUTES, type Route } from "@holdfast/contracts";
import type { Report } from "@holdfast/runtime";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { writeEventStream } from "../event/event-stream.ts";
import type { OpenCalls } from "../process/open-calls.ts";
import type { EventAnswer, Handlers } from "./handler.ts";
import { type RequestParts, readRequest } from "./read-request.ts";

/** What binding needs beside the handlers. */
export interface RoutingParts {
  readonly handlers: Handlers;
  readonly calls: OpenCalls;
  readonly limits: JsonLimits;
  readonly heartbeatMs: number;
  readonly stallMs: number;
  readonly report: (report: Report) => void;
}

interface AnyAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type AnyHandler = (call: RequestParts & { readonly signal: () => AbortSignal }) => Promise<AnyAnswer | EventAnswer>;

/** Adds every route to the app. */
export function bindRoutes(app: FastifyInstance, routing: RoutingParts): void {
  for (const name of ROUTE_NAMES) {
    const route: Route = ROUTES[name];
    // The type of `handlers` ties each handler to the shapes of its own route; a loop over all of them cannot say so.
    const handler = routing.handlers[name] as unknown as AnyHandler;
    app.route({
      method: route.method,
      url: urlOf(route),
      handler: async (request, reply) => {
        const parts = readRequest(route, request, routing.limits);
        const signal = () => routing.calls.signalOf(reply.raw);
        const answer = await handler({ ...parts, signal });
        return "events" in answer ? stream({ request, reply, answer, routing }) : send(reply, answer);
      },
    });
  }
  refuseOtherMethods(app);
}

function urlOf({ path }: Route): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

/** A path of the table under a method that it does not have there: refused before anything of the request is read. */
function refuseOtherMethods(app: FastifyInstance): void {
  const taken = new Map<string, string[]>();
  for (const route of Object.values<Route>(ROUTES)) {
    taken.set(urlOf(route), [...(taken.get(urlOf(route)) ?? []), route.method]);
  }
  for (const [url, methods] of taken) {
    const refuse = (request: FastifyRequest, reply: FastifyReply): never => {
      reply.header("allow", methods.join(", "));
      throw new AppError("route.method_not_allowed", { details: { method: request.method, allow: methods } });
    };
    const others = app.supportedMethods.filter((method) => !methods.includes(method));
    app.route({ method: others, url, onRequest: async (request, reply) => refuse(request, reply), handler: refuse });
  }
}

function send(reply: FastifyReply, { status, body, headers = {} }: AnyAnswer): FastifyReply {
  return reply
    .code(status)
    .headers(headers)
    .send(body ?? undefined);
}

interface Stream {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly answer: EventAnswer;
  readonly routing: RoutingParts;
}

async function stream({ request, reply, answer, routing }: Stream): Promise<FastifyReply> {
  reply.hijack();
  const output: ServerResponse = reply.raw;
  output.writeHead(200, {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
    // A stream ends with its connection, so that a shutdown need not wait for the connection to fall idle.
    connection: "close",
  });
  await writeEventStream(output, {
    events: answer.events,
    signal: routing.calls.signalOf(output),
    heartbeatMs: routing.heartbeatMs,
    stallMs: routing.stallMs,
    onFailure: (error) => {
      const fields = { err: error, route: request.routeOptions.url };
      // When the store goes away, all streams end at once.
      routing.report({ level: "error", phrase: "event stream failed", fields });
    },
  });
  return reply;
}
