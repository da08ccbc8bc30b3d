import { AppError, type InputId, type SessionRef } from "@holdfast/contracts";
import type { DeadLettersApi } from "../api/dead-letters.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import { type DeadLetterParts, missingInput, redrive } from "./redrive.ts";
import { redriveMany } from "./redrive-many.ts";

/** The methods about dead letters. */
export function bindDeadLetters(parts: DeadLetterParts & { readonly publish: OutputGate }): DeadLettersApi {
  const { deadLetters } = parts.context.store;
  return {
    listSessionsWithDeadLetters: (query) => deadLetters.listSessions(query),
    redriveDeadLetter: (ref, inputId, options) => redrive(parts, { ref, inputId }, options),
    redriveDeadLetters: (selection, step) => redriveMany(parts, selection, step),
    discardDeadLetter: (ref, inputId) => discard(parts, ref, inputId),
  };
}

async function discard(
  { context, publish }: DeadLetterParts & { readonly publish: OutputGate },
  ref: SessionRef,
  inputId: InputId,
): Promise<void> {
  const reply = await context.store.deadLetters.discard(ref, inputId);
  switch (reply.kind) {
    case "discarded":
      publish({ ref, settled: [], followers: reply.followers, cursor: reply.cursor });
      return;
    case "not_dead_letter":
      throw new AppError("input.not_dead_letter", { details: { redrivenBy: reply.redrivenBy } });
    case "no_input":
    case "missing":
      throw await missingInput(context, ref);
  }
}
