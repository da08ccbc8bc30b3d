import type { Input } from "@holdfast/contracts";

/** What an input says, as one text. */
export function textOf(input: Input): string {
  switch (input.kind) {
    case "prompt":
      return input.text;
    case "peer":
      return input.body;
    case "flow_step":
      return input.instructions;
    case "external_event":
      return typeof input.payload === "string" ? input.payload : JSON.stringify(input.payload);
    case "continuation":
      return input.reason;
    case "operation":
      return input.event.type;
  }
}
