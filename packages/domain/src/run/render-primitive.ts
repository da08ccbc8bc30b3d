import type { Append, Boundary, ExecutionKind, Input, RunPrimitive } from "@holdfast/contracts";
import { mergeCausality } from "./merge-causality.ts";
import { mergeTurnMetadata, type TurnMetadataField } from "./merge-turn-metadata.ts";
import { renderBlocks } from "./render-blocks.ts";

/** The inputs of one batch, in order, with the boundary they contribute at. */
export interface RenderRequest {
  readonly boundary: Boundary;
  readonly inputs: readonly Input[];
}

/** A primitive, or the field about which two inputs of the batch contradict each other. */
export type RenderOutcome =
  | { readonly kind: "rendered"; readonly primitive: Extract<RunPrimitive, { kind: "staged_input" }> }
  | { readonly kind: "conflict"; readonly field: TurnMetadataField };

/**
 * Renders a batch for an executor. Every input contributes, also one that adds
 * nothing to the conversation; the order is the order of staging (G4).
 *
 * A conflict is a refusal, never a choice: the inputs can run one by one.
 */
export function renderPrimitive(request: RenderRequest): RenderOutcome {
  const { boundary, inputs } = request;
  const merged = mergeTurnMetadata(inputs);
  if (merged.kind === "conflict") return merged;
  return {
    kind: "rendered",
    primitive: {
      kind: "staged_input",
      boundary,
      executionKind: executionKindOf(inputs),
      appends: inputs.flatMap(appendOf),
      contextAppends: [],
      contributingInputIds: inputs.map(({ id }) => id),
      turnMetadata: merged.turnMetadata,
      causality: mergeCausality(inputs),
    },
  };
}

/** A batch resumes pending work only when all of it are continuations; any content makes it a turn. */
export function executionKindOf(inputs: readonly Pick<Input, "kind">[]): ExecutionKind {
  const isOnlyContinuations = inputs.length > 0 && inputs.every(({ kind }) => kind === "continuation");
  return isOnlyContinuations ? "resume_pending" : "content_turn";
}

function appendOf(input: Input): Append[] {
  const blocks = renderBlocks(input);
  return blocks === null ? [] : [{ inputId: input.id, role: "user", blocks: [...blocks] }];
}
