import type { Admission, InputId, NewInput, RequestId, SessionRef, TenantId } from "@holdfast/contracts";
import type { ListQuery, SessionPage } from "../ports/session-directory.ts";

/** What operators do with inputs that ended with their budget spent. */
export interface DeadLettersApi {
  /** A page of the tenant's sessions that have dead letters. */
  listSessionsWithDeadLetters(query: ListQuery): Promise<SessionPage>;

  /**
   * Sends a dead letter again, as an input of its own with a fresh budget: it
   * names the dead letter as `redriveOf`, which stays as it ended, leaves the list
   * and names it as `redrivenBy` (D51). It is admitted as any input is, by the
   * policy of now, behind what is queued; it displaces nothing, waits for no time
   * and has no idempotency key: the key keeps naming the dead letter.
   *
   * `edit` replaces fields of the input; it may name neither `id` nor
   * `idempotencyKey`. The same request id gets the first answer (D52).
   *
   * @throws input.not_dead_letter, input.not_found, input.*, request.*, idempotency.mismatch for a request id that was
   * used with another edit, session.not_found, session.destroyed, session.not_accepting, session.torn
   */
  redriveDeadLetter(ref: SessionRef, inputId: InputId, options: RedriveOptions): Promise<Admission>;

  /**
   * Redrives dead letters of a session, or of all sessions of a tenant, oldest
   * first, at most a hundred in a step: pass `next` as `after` for the next one. A
   * step that is repeated with the same request id redrives nothing twice.
   *
   * @throws session.not_found, session.destroyed, request.invalid for a cursor that no step gave
   */
  redriveDeadLetters(selection: DeadLetterSelection, step: RedriveStep): Promise<RedriveProgress>;

  /**
   * Takes a dead letter from the list; it stays abandoned, and its key names it.
   *
   * @throws input.not_dead_letter, input.not_found, session.not_found, session.destroyed, session.torn
   */
  discardDeadLetter(ref: SessionRef, inputId: InputId): Promise<void>;
}

/** How a dead letter is sent again. */
export interface RedriveOptions {
  readonly requestId: RequestId;
  /** Fields that replace those of the input. */
  readonly edit?: Partial<NewInput>;
}

/** Which dead letters: of one session or of a tenant, and of those the ones with this failure code or reason. */
export type DeadLetterSelection = ({ readonly ref: SessionRef } | { readonly tenantId: TenantId }) & {
  readonly code?: string;
};

/** One step of redriving many. */
export interface RedriveStep {
  readonly requestId: RequestId;
  /** Opaque; from the step before. */
  readonly after?: string;
  readonly limit?: number;
}

/** What a step did. */
export interface RedriveProgress {
  readonly redriven: readonly RedrivenInput[];
  /** Those that could not be sent again, with the code that says why; they stay in the list. */
  readonly refused: readonly RefusedInput[];
  /** Pass as `after` for the next step; `null` when all were looked at. */
  readonly next: string | null;
}

/** A dead letter, and the input that was made of it. */
export interface RedrivenInput {
  readonly ref: SessionRef;
  readonly inputId: InputId;
  readonly by: InputId;
}

/** A dead letter that could not be sent again. */
export interface RefusedInput {
  readonly ref: SessionRef;
  readonly inputId: InputId;
  readonly code: string;
}
