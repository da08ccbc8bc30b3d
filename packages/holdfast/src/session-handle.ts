import { AppError, Binding, type NewInput, rejectionError } from "@holdfast/contracts";
import type { InputStreamPart, SessionRuntime } from "@holdfast/runtime";
import type { Message, Sent, SessionHandle, SessionOptions, SessionStreamOptions } from "./holdfast.ts";

/** A handle on a session; with options, its first send creates it. @throws request.invalid for options no session can have */
export function createSessionHandle(
  { runtime, isClosed }: { readonly runtime: SessionRuntime; readonly isClosed: () => boolean },
  ref: SessionHandle["ref"],
  options: SessionOptions | undefined,
): SessionHandle {
  const createWith = options === undefined ? undefined : bindingOf(options);
  const outcomeOf = (inputId: Sent["inputId"]): Sent["completion"] => {
    const outcome = runtime.waitForOutcome(ref, { inputId });
    // Whoever does not await it must not hear of it.
    outcome.catch(() => {});
    return outcome;
  };
  return {
    ref,
    send: async (message) => {
      if (isClosed()) throw new AppError("runtime.terminated", { message: "this process is closing: nothing is sent" });
      const accept = createWith === undefined ? {} : { createWith };
      const { admission, completion } = await runtime.acceptInputWithCompletion(ref, toInput(message), accept);
      if (admission.kind === "rejected") throw rejectionError(admission);
      const inputId = admission.kind === "accepted" ? admission.inputId : admission.existingId;
      return {
        admission,
        inputId,
        completion: completion ?? outcomeOf(inputId),
        stream: (options) => runtime.followInputStream(ref, { inputId }, options),
      } satisfies Sent;
    },
    outcome: (key, wait = {}) => runtime.waitForOutcome(ref, { key }, wait),
    stream: (wanted) => streamOf(runtime, ref, wanted),
  };
}

async function* streamOf(
  runtime: SessionRuntime,
  ref: SessionHandle["ref"],
  { runId: named, ...options }: SessionStreamOptions = {},
): AsyncGenerator<InputStreamPart> {
  const runId = named ?? (await runtime.findCurrentRun(ref));
  if (runId === null) return;
  for await (const part of runtime.followStream(ref, runId, options)) yield { ...part, runId };
}

function bindingOf(options: SessionOptions): Binding {
  const parsed = Binding.safeParse(options);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError("request.invalid", { message: `a session's ${issue?.path.join(".")} ${issue?.message}` });
}

function toInput(message: Message): NewInput {
  if ("kind" in message) return message;
  const { key, ...prompt } = message;
  return {
    kind: "prompt",
    ...prompt,
    ...(key === undefined ? {} : { idempotencyKey: key as NonNullable<NewInput["idempotencyKey"]> }),
  };
}
