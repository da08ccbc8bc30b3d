import type { SessionRef } from "@holdfast/contracts";

/**
 * How far named consumers have taken a session's facts; kept with the session,
 * also when it has been destroyed.
 *
 *   D66  A consumer's cursor moves from where its mover read it, or not at all.
 */
export interface Projections {
  /** Cursor of the last fact a consumer has taken; 0 before the first. */
  find(ref: SessionRef, consumer: string): Promise<number>;

  /** Moves it on; `conflict` says that another process of the consumer has moved it. */
  move(command: MoveProjection): Promise<{ readonly kind: "moved" | "conflict"; readonly cursor: number }>;
}

/** That a consumer has taken the facts up to `to`. */
export interface MoveProjection {
  readonly ref: SessionRef;
  readonly consumer: string;
  readonly from: number;
  readonly to: number;
}
