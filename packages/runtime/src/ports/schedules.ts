import type { SessionPhase, SessionRef } from "@holdfast/contracts";

/**
 * The schedules of a session, as one opaque row: what they mean is the runtime's.
 *
 *   L9  A write takes effect only on the version it was made from.
 *   L10  A session whose next planned time has come is swept as `part: "schedules"`,
 *       in whatever phase, by the sweep that finds overdue sessions; so is one with
 *       a planned time, at once, when it takes inputs again.
 *   L11  Reset, stop and retire keep the row; destroy and unregister remove it.
 */
export interface Schedules {
  /** The row, or `null` for an unknown session. */
  load(ref: SessionRef): Promise<StoredSchedules | null>;

  /** Replaces the row. */
  save(command: SaveSchedulesCommand): Promise<SaveSchedulesReply>;
}

/** A row as it stands. */
export interface StoredSchedules {
  readonly phase: SessionPhase;
  /** 0 before the first write. */
  readonly version: number;
  /** Opaque; empty for none. */
  readonly rows: string;
}

/** A row on its way. */
export interface SaveSchedulesCommand {
  readonly ref: SessionRef;
  /** The version the new row was made from. */
  readonly version: number;
  readonly rows: string;
  /** When somebody must look next, epoch milliseconds; `null` for never. */
  readonly nextAt: number | null;
}

/** What a write came to; only `saved` wrote. */
export type SaveSchedulesReply =
  | { readonly kind: "saved" }
  /** Another version is there: load it, and try again. */
  | { readonly kind: "changed" }
  /** Unknown or destroyed; nobody looks for its schedules any more. */
  | { readonly kind: "missing" }
  | { readonly kind: "torn" };
