import type { InputId, NewInput, Outcome, SessionRef } from "@holdfast/contracts";
import { prompt } from "@holdfast/testkit";
import type { AcceptOptions } from "../../src/index.ts";
import type { TestProcess } from "./world.ts";

/** An input that is in the ledger. */
export interface SentInput {
  readonly inputId: InputId;
  /** Wrapped, because awaiting the sending must not await the outcome. */
  readonly completion: Promise<Outcome>;
}

/** A prompt under a key. */
export function keyed(key: string, text = "hello"): NewInput {
  return { ...prompt(text), idempotencyKey: key } as NewInput;
}

/** Sends an input and waits for its outcome; it must be taken. */
export async function send(
  { runtime }: TestProcess,
  ref: SessionRef,
  input: NewInput | string = "hello",
  options: AcceptOptions = {},
): Promise<SentInput> {
  const sent = typeof input === "string" ? prompt(input) : input;
  const { admission, completion } = await runtime.acceptInputWithCompletion(ref, sent, options);
  if (admission.kind === "rejected" || completion === null) throw new Error(`rejected: ${JSON.stringify(admission)}`);
  const inputId = admission.kind === "accepted" ? admission.inputId : admission.existingId;
  return { inputId, completion };
}
