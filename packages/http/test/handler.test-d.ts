/** A route without a handler, a handler without a route, and an answer that is none do not compile (A1, A3). */
import type { Handlers } from "../src/routing/handler.ts";

declare const all: Handlers;
const { getState: _left, ...others } = all;

export const complete: Handlers = { ...others, getState: () => ({ status: 200, body: { state: null, position: 0 } }) };

// @ts-expect-error getState is missing
export const incomplete: Handlers = others;

export const surplus: Pick<Handlers, "getLiveness"> = {
  getLiveness: () => ({ status: 200, body: { isLive: true } }),
  // @ts-expect-error there is no such route
  getEverything: () => ({ status: 200, body: null }),
};

export const otherStatus: Pick<Handlers, "getLiveness"> = {
  // @ts-expect-error the table knows no such status
  getLiveness: () => ({ status: 201, body: { isLive: true } }),
};

export const otherBody: Pick<Handlers, "sendInput"> = {
  // @ts-expect-error an answer to a sent input has an admission
  sendInput: () => ({ status: 202, body: {} }),
};

export const streams: Pick<Handlers, "followEvents"> = { followEvents: () => ({ events: (async function* () {})() }) };

export const streamsElsewhere: Pick<Handlers, "listInputs"> = {
  // @ts-expect-error only one route answers with a stream
  listInputs: () => ({ events: (async function* () {})() }),
};
