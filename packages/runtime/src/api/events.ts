import type { EventEnvelope, SessionRef } from "@holdfast/contracts";

/** Events for consumers that must not miss any. */
export interface EventsApi {
  /**
   * Hands a session's events to `apply`, in order, page by page, and notes after
   * each page how far it came: a consumer of the same name goes on from there, in
   * any process, after any crash. What `apply` was doing when its process died it
   * is handed again, so it must bear repetition. Whoever else follows the session,
   * however slowly, does not hold it up. Ends with the signal, and after the last
   * event of a destroyed session.
   *
   * @throws id.invalid for the consumer's name, session.not_found, whatever `apply` rejects with
   */
  projectEvents(
    ref: SessionRef,
    options: ProjectionOptions,
    apply: (events: readonly EventEnvelope[]) => Promise<void>,
  ): Promise<void>;
}

/** Who consumes, and until when. */
export interface ProjectionOptions {
  /** Names the consumer in the session. */
  readonly consumer: string;
  readonly signal: AbortSignal;
}
