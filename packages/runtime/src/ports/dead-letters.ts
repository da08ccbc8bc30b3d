import type { InputId, NodeId, SessionRef } from "@holdfast/contracts";
import type { ListQuery, SessionPage } from "./session-directory.ts";

/**
 * Inputs that ended with their budget spent, until an operator has decided.
 * They are redriven by an admission that names them (`AdmitCommand.redriveOf`).
 *
 *   D51  A dead letter stays as it ended, and keeps its key. What is made of it
 *        is an input of its own with a fresh budget; each names the other.
 *   D52  A dead letter is redriven or discarded once. A repeat of the admission
 *        that redrove it gets the first answer; anything else is refused.
 *   D53  A session is among those with dead letters exactly while it has one
 *        that nobody has decided about.
 *
 * Rejects with `session.torn`.
 */
export interface DeadLetters {
  /** Takes an input from the list; it stays abandoned. */
  discard(ref: SessionRef, inputId: InputId): Promise<DiscardReply>;

  /** A page of the tenant's sessions that have dead letters. Rejects a cursor it never gave with `request.invalid`. */
  listSessions(query: ListQuery): Promise<SessionPage>;
}

/** What became of a dead letter; only `discarded` changed anything. */
export type DiscardReply =
  | { readonly kind: "discarded"; readonly followers: readonly NodeId[]; readonly cursor: number }
  | { readonly kind: "not_dead_letter"; readonly redrivenBy: InputId | null }
  /** No such input; `missing` when there is no such session either. */
  | { readonly kind: "no_input" }
  | { readonly kind: "missing" };
