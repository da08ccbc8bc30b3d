import type { EventEnvelope, RouteName, RouteRequest, RouteSuccess, Routes } from "@holdfast/contracts";
import type { StreamEvent } from "../event/event-stream.ts";

/** A request that has the documented shape. */
export interface Call<Name extends RouteName> extends RouteRequest<Name> {
  /** Aborts when the caller is gone or the server closes. Made on first use, because most calls never wait. */
  readonly signal: () => AbortSignal;
}

/** What a handler answers with; failures are thrown. */
export type Answer<Name extends RouteName> = JsonAnswer<Name> | (Routes[Name] extends Streamed ? EventAnswer : never);

/** A status with its body, and headers beside it. */
export type JsonAnswer<Name extends RouteName> = RouteSuccess<Name> & {
  readonly headers?: Readonly<Record<string, string>>;
};

/** Events, sent as they come, until they end or the call's signal aborts. */
export interface EventAnswer {
  readonly events: AsyncIterable<EventEnvelope | StreamEvent>;
}

interface Streamed {
  readonly stream: unknown;
}

/** One handler per route (A1). */
export type Handlers = {
  readonly [Name in RouteName]: (call: Call<Name>) => Promise<Answer<Name>> | Answer<Name>;
};
