/** Ends inputs that were not staged in time. */
import { type InputId, SCRIPT_BATCH } from "@holdfast/contracts";
import { stepInput } from "../session/transitions.ts";
import { emit, originOf, type Work } from "../session/work.ts";
import { getInput, moveInput } from "./input.ts";

/** Whose time is over: at most a batch, and one more if there are more. */
export function ripeExpiries({ session, now }: Work): readonly InputId[] {
  if (session.expiring === 0) return [];
  const ripe = session.expiries.slice(0, SCRIPT_BATCH + 1).filter(({ at }) => at <= now);
  return ripe.map(({ id }) => id as InputId);
}

/** Whether one step cannot end all of them. */
export function areTooMany(ripe: readonly InputId[]): boolean {
  return ripe.length > SCRIPT_BATCH;
}

/** Ends at most a batch. */
export function expire(work: Work, ripe: readonly InputId[]): void {
  for (const inputId of ripe.slice(0, SCRIPT_BATCH)) {
    const input = getInput(work.session, inputId);
    // Of an ended generation its chore takes care.
    if (input.generation !== work.session.generation || stepInput(input.status, "input.abandon") === null) continue;
    input.detail = "expired";
    moveInput(work, input, "input.abandon");
    emit(work, { type: "input.abandoned", inputId, reason: "expired" }, originOf(null, [input]));
  }
}
