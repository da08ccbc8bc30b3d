import { AppError, type Input, type RunPrimitive, type SessionRef } from "@holdfast/contracts";
import { renderPrimitive } from "@holdfast/domain";
import { missingBlob, parseContent } from "../blobs/content-reference.ts";
import type { Blobs } from "../ports/blobs.ts";
import type { ResumedRun, Turn, TurnStream } from "../ports/executor.ts";
import type { StagedBatch } from "../ports/ledger.ts";
import type { LiveTurn } from "./live-turn.ts";
import type { RunStep } from "./step-journal.ts";

/** What a turn is made of. */
export interface TurnParts {
  readonly ref: SessionRef;
  readonly batch: StagedBatch;
  /** Canonical JSON; `null` before the first commit. */
  readonly state: string | null;
  readonly blobs: Blobs;
  readonly signal: AbortSignal;
  readonly step: RunStep;
  readonly live: Pick<LiveTurn, "checkpoint" | "inbox" | "attention">;
  readonly stream: TurnStream;
}

/** The turn an executor is handed. State and inputs are parsed for this attempt alone. */
export function createTurn({ ref, batch, state, blobs, signal, step, live, stream }: TurnParts): Turn {
  // The ledger validated inputs at admission; they are read back as they were written.
  const inputs = batch.inputs.map(({ payload }) => parseContent(payload) as Input);
  let primitive: RunPrimitive | null = null;
  return {
    ref,
    runId: batch.fence.runId,
    attempt: batch.attempt,
    // A copy: the settlement proves itself by the fence, whatever an executor does to what it was given.
    fence: { ...batch.fence },
    inputs,
    // Rendering is for executors that talk to a model; others never pay for it.
    get primitive() {
      primitive ??= render(batch, inputs);
      return primitive;
    },
    state: parsedOrNull(state),
    blob: (name) => getBlob(blobs, ref, name),
    signal,
    step,
    stream: { write: (chunk) => stream.write(chunk) },
    resumed: resumedOf(batch),
    checkpoint: (boundary) => live.checkpoint(boundary),
    inbox: (options) => live.inbox(options),
    attention: () => live.attention(),
  };
}

async function getBlob(blobs: Blobs, ref: SessionRef, name: string): Promise<Uint8Array> {
  const content = await blobs.find(ref, name);
  if (content !== null) return content;
  throw missingBlob(name);
}

function resumedOf({ sequence, kept }: StagedBatch): ResumedRun | null {
  if (sequence === 1) return null;
  return { sequence: sequence - 1, data: parsedOrNull(kept.data), value: parsedOrNull(kept.value) };
}

function parsedOrNull(text: string | null): unknown {
  return text === null ? null : parseContent(text);
}

function render(batch: StagedBatch, inputs: readonly Input[]): RunPrimitive {
  const rendered = renderPrimitive({ boundary: batch.boundary, inputs });
  if (rendered.kind === "rendered") return rendered.primitive;
  // Counts as a failure of a batch of several, which makes its members runs of their own.
  throw new AppError("input.rejected", {
    message: `inputs of one batch contradict each other about ${rendered.field}`,
    details: { field: rendered.field },
  });
}
