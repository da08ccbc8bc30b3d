import type { ParsedInput, TurnMetadata } from "@holdfast/contracts";
import { canonicalJson } from "../input/fingerprint.ts";
import { requestedMode } from "../input/input-kind.ts";

/** A field of the merged turn metadata. */
export type TurnMetadataField = keyof TurnMetadata;

/** The wishes of a batch as one, or the first field that is wished for twice and differently. */
export type MergeOutcome =
  | { readonly kind: "merged"; readonly turnMetadata: TurnMetadata }
  | { readonly kind: "conflict"; readonly field: TurnMetadataField };

/**
 * Merges what the inputs of a batch wish for: lists are concatenated in order,
 * equal values agree, different values are a conflict. The lane an input asked
 * for and the render metadata of an event are wishes as well.
 */
export function mergeTurnMetadata(inputs: readonly ParsedInput[]): MergeOutcome {
  const merged = new Map<string, unknown>();
  for (const [field, value] of inputs.flatMap((input) => Object.entries(wishesOf(input)))) {
    if (value === undefined) continue;
    const known = merged.get(field);
    if (known === undefined) merged.set(field, value);
    else if (isList(field, known)) merged.set(field, known.concat(value));
    else if (canonicalJson(known) !== canonicalJson(value)) return conflict(field);
  }
  return { kind: "merged", turnMetadata: Object.fromEntries(merged) as TurnMetadata };
}

const LIST_FIELDS = ["skillReferences", "additionalInstructions"] as const satisfies readonly TurnMetadataField[];

// Told by name: a provider parameter or an overlay may be a list and still be one value.
function isList(field: string, value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && LIST_FIELDS.some((name) => name === field);
}

function conflict(field: string): MergeOutcome {
  return { kind: "conflict", field: field as TurnMetadataField };
}

function wishesOf(input: ParsedInput): TurnMetadata {
  const mode = requestedMode(input);
  const asked: TurnMetadata = mode === null ? {} : { handlingMode: mode };
  switch (input.kind) {
    case "prompt":
    case "flow_step":
      return { ...input.turnMetadata };
    case "external_event":
      return input.renderMetadata === undefined ? asked : { ...asked, renderMetadata: input.renderMetadata };
    default:
      return asked;
  }
}
