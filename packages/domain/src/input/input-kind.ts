import type { HandlingMode, KindId, ParsedInput } from "@holdfast/contracts";

/** The kind that policy, supersession and rendering go by; a peer without a convention is a `peer_message`. */
export function inputKindOf(input: ParsedInput): KindId {
  return input.kind === "peer" ? `peer_${input.convention?.type ?? "message"}` : input.kind;
}

/**
 * The lane an input asks for, or `null` when it leaves the choice to its kind.
 * External events and continuations always carry one; operations never do.
 */
export function requestedMode(input: ParsedInput): HandlingMode | null {
  switch (input.kind) {
    case "prompt":
    case "flow_step":
      return input.turnMetadata?.handlingMode ?? null;
    case "peer":
      return input.handlingMode ?? null;
    case "external_event":
    case "continuation":
      return input.handlingMode;
    case "operation":
      return null;
  }
}
