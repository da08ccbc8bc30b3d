import {
  AppError,
  Binding,
  isAppError,
  type Outcome,
  type RouteRequest,
  rejectionError,
  type SessionRef,
} from "@holdfast/contracts";
import type { AcceptOptions, InputTarget } from "@holdfast/runtime";
import type { Call, Handlers, JsonAnswer } from "../routing/handler.ts";
import { refOf, type Surface } from "../surface.ts";
import { withKey } from "./input-key.ts";
import { toInputPage, toInputStateResource } from "./input-resource.ts";

type InputHandlers = Pick<
  Handlers,
  "sendInput" | "listInputs" | "getInput" | "getOutcome" | "getOutcomeByKey" | "listDeadLetters"
>;

/** What a session was asked to do, and how it ended. */
export function inputHandlers(surface: Surface): InputHandlers {
  const { runtime } = surface;
  return {
    sendInput: (call) => sendInput(surface, call),

    async listInputs({ params, query }) {
      return { status: 200, body: toInputPage(await runtime.listInputs(refOf(surface, params), query)) };
    },

    async getInput({ params }) {
      const view = await runtime.inputState(refOf(surface, params), { inputId: params.inputId });
      if (view === null) throw new AppError("input.not_found");
      return { status: 200, body: toInputStateResource(view) };
    },

    async getOutcome({ params, query, signal }) {
      const wait = { ref: refOf(surface, params), target: { inputId: params.inputId }, seconds: query.wait };
      return { status: 200, body: await waitForOutcome(surface, { ...wait, signal }) };
    },

    async getOutcomeByKey({ params, query, signal }) {
      const wait = { ref: refOf(surface, params), target: { key: query.key }, seconds: query.wait };
      return { status: 200, body: await waitForOutcome(surface, { ...wait, signal }) };
    },

    async listDeadLetters({ params, query }) {
      return { status: 200, body: toInputPage(await runtime.listDeadLetters(refOf(surface, params), query)) };
    },
  };
}

async function sendInput(surface: Surface, call: Call<"sendInput">): Promise<JsonAnswer<"sendInput">> {
  const ref = refOf(surface, call.params);
  const input = withKey(call.body, call.headers["idempotency-key"]);
  const admission = await surface.runtime.acceptInput(ref, input, acceptOptions(call));
  if (admission.kind === "rejected") throw rejectionError(admission);
  if (admission.kind === "accepted") {
    const outcome = await outcomeWithin(surface, call, { ref, target: { inputId: admission.inputId } });
    return { status: 202, body: { admission, ...outcome } };
  }
  const target = { inputId: admission.existingId };
  const outcome =
    call.query.wait > 0
      ? await outcomeWithin(surface, call, { ref, target })
      : { outcome: (await surface.runtime.inputState(ref, target))?.outcome ?? undefined };
  return { status: 200, body: { admission, ...outcome }, headers: { "idempotency-replayed": "true" } };
}

function acceptOptions({ query, headers }: RouteRequest<"sendInput">): AcceptOptions {
  const minimumAck = headers["holdfast-minimum-ack"];
  return {
    ...(query.executor === undefined ? {} : { createWith: Binding.parse({ executor: query.executor }) }),
    ...(minimumAck === undefined ? {} : { minimumAck }),
    ...(query.wake ? {} : { isWithoutWake: true }),
  };
}

interface Target {
  readonly ref: SessionRef;
  readonly target: InputTarget;
}

/** The outcome if it is there in time. The admission stands whatever becomes of the wait, so that it never fails a send. */
async function outcomeWithin(
  surface: Surface,
  { query, signal }: Call<"sendInput">,
  { ref, target }: Target,
): Promise<{ outcome?: Outcome }> {
  if (query.wait === 0) return {};
  try {
    return { outcome: await waitForOutcome(surface, { ref, target, seconds: query.wait, signal }) };
  } catch (error) {
    if (isAppError(error)) return {};
    throw error;
  }
}

interface Wait extends Target {
  readonly seconds: number;
  readonly signal: () => AbortSignal;
}

/**
 * Without time to wait, what is known. A wait that the server cuts short ends as
 * one that took too long: the caller asks again, elsewhere.
 */
async function waitForOutcome({ runtime }: Surface, { ref, target, seconds, signal }: Wait): Promise<Outcome> {
  if (seconds === 0) {
    const view = await runtime.inputState(ref, target);
    if (view === null) throw new AppError("input.not_found");
    if (view.outcome === null) {
      const message = `the input is ${view.status} and has no outcome yet; ?wait=10 waits ten seconds for it`;
      throw new AppError("wait.timeout", { message, details: { status: view.status } });
    }
    return view.outcome;
  }
  try {
    return await runtime.waitForOutcome(ref, target, { timeoutMs: seconds * 1_000, signal: signal() });
  } catch (error) {
    if (signal().aborted) throw new AppError("wait.timeout", { cause: error });
    throw error;
  }
}
