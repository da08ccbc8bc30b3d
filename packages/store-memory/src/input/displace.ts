/** Ends inputs because another one takes their place, or carries their content. */
import { type InputId, type KindId, type Lane, SCRIPT_BATCH } from "@holdfast/contracts";
import { isContinuedRun } from "../run/continuation.ts";
import type { ReplaceChore } from "../session/chore.ts";
import type { InputData, SessionData } from "../session/session-data.ts";
import { stepInput } from "../session/transitions.ts";
import { emit, originOf, type Work } from "../session/work.ts";
import { getInput, moveInput } from "./input.ts";

/** How an input ends that is displaced. */
export type Displacement = "input.supersede" | "input.coalesce" | "input.aggregate";

/** Whether an input of the current generation still waits to be displaced. */
export function isDisplaceable(session: SessionData, input: InputData, event: Displacement): boolean {
  return input.generation === session.generation && stepInput(input.status, event) !== null;
}

/** What an input is displaced by, and the cursor of the fact that this follows from. */
export interface Successor {
  readonly by: InputId;
  readonly cause: number;
}

/** Ends one. */
export function displaceBy(work: Work, input: InputData, event: Displacement, { by, cause }: Successor): void {
  const { inputId } = input;
  const origin = originOf(cause, [input]);
  input.detail = by;
  moveInput(work, input, event);
  if (event === "input.supersede") emit(work, { type: "input.superseded", inputId, by }, origin);
  else emit(work, { type: "input.coalesced", inputId, into: by }, origin);
}

/** Ends what is queued of a kind in a lane: a batch of places at once, the rest as a chore. */
export function replaceQueued(work: Work, lane: Lane, inputKind: KindId, successor: Successor): void {
  const { generation, chores, lanes } = work.session;
  const { head: from, tail: to } = lanes[lane];
  const chore: ReplaceChore = { kind: "replace", generation, lane, from, to, inputKind, ...successor };
  if (!stepReplace(work, chore)) chores.push(chore);
}

/** One bounded step; answers whether nothing is left to replace. */
export function stepReplace(work: Work, chore: ReplaceChore): boolean {
  const { session } = work;
  const { lane, from, to, inputKind, generation } = chore;
  const till = Math.min(to, from + SCRIPT_BATCH);
  for (let place = from; place < till && generation === session.generation; place += 1) {
    const entry = session.lanes[lane].places.get(place);
    const input = entry === undefined || isContinuedRun(entry) ? undefined : getInput(session, entry);
    const isMeant = input?.kind === inputKind && input.generation === generation;
    if (input !== undefined && isMeant) displaceBy(work, input, "input.supersede", chore);
  }
  chore.from = till;
  return till >= to;
}
