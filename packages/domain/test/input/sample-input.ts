import { type Input, InputId, type InputVariant, type NewInput, type ParsedInput } from "@holdfast/contracts";
import { parseNewInput } from "../../src/input/parse-input.ts";

type Sent<K extends InputVariant> = Extract<NewInput, { kind: K }>;

const SMALLEST: { readonly [K in InputVariant]: Sent<K> } = {
  prompt: { kind: "prompt", text: "hello" },
  peer: { kind: "peer", body: "hello" },
  flow_step: { kind: "flow_step", stepId: "step", instructions: "do it" },
  external_event: { kind: "external_event", eventType: "mail", payload: {} },
  continuation: { kind: "continuation", reason: "more to do" },
  operation: { kind: "operation", operationId: "op", event: { type: "completed" } },
};

/** The smallest valid input of a variant, with fields replaced. */
export function sampleInput<K extends InputVariant>(
  kind: K,
  fields: Partial<Sent<K>> = {},
): Extract<ParsedInput, { kind: K }> {
  return parseNewInput({ ...SMALLEST[kind], ...fields }) as Extract<ParsedInput, { kind: K }>;
}

/** The n-th input id of a test. */
export function inputId(n: number): InputId {
  return InputId.parse(`inp_${String(n).padStart(8, "0")}`);
}

/** Gives parsed inputs ids 1, 2, 3, … and a time, as admission does. */
export function admitted(...inputs: readonly ParsedInput[]): Input[] {
  return inputs.map((input, index) => ({ ...input, id: inputId(index + 1), timestamp: "2025-01-01T00:00:00Z" }));
}

/** What a call throws, or `null`. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return null;
  } catch (error) {
    return error;
  }
}
