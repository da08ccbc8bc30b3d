import type { DrainExit, DrainMode, DrainPhase, SessionRef } from "@holdfast/contracts";
import type { CommsInbox } from "../ports/comms-inbox.ts";

/** How a session hears its peers: a drain in one process brings what waits in its inbox into the ledger. */
export interface CommsApi {
  /**
   * Says whether the session is to be kept alive for its peers, and which inbox this process has for it; both
   * replace what was said before. Resolves with `true` exactly when this call started a drain here: not when one
   * runs already, here or elsewhere, not for a session that is to have none, and not for an unknown one.
   *
   * The wish outlives the process, and holds for whichever has the inbox.
   *
   * @throws session.torn
   */
  updatePeerIngressContext(ref: SessionRef, context: PeerIngressContext): Promise<boolean>;

  /** Whether this process has an inbox for the session. */
  sessionHasComms(ref: SessionRef): boolean;

  /** The drain of a session in this process, or `null` when it was never told of an inbox. */
  inspectCommsDrain(ref: SessionRef): CommsDrainView | null;

  /**
   * Reports that a drain of this process has ended: its task is given up, and a new one started where one is to
   * be. Late reports change nothing.
   */
  notifyCommsDrainExited(ref: SessionRef, reason: DrainExit): Promise<void>;

  /**
   * Ends the session's drain, in whichever process it is; what it had claimed goes back. None is started until
   * the next `updatePeerIngressContext`.
   */
  abortCommsDrain(ref: SessionRef): Promise<void>;

  /** Ends every drain of this process. */
  abortCommsDrains(): Promise<void>;

  /** Resolves when the session has no drain: at once, or when the one there is has ended. */
  waitCommsDrain(ref: SessionRef): Promise<void>;
}

/** What a surface says of a session's peers. */
export interface PeerIngressContext {
  /** Absent leaves the wish as it is. */
  readonly keepAlive?: boolean;
  /** Absent when this process has no inbox for the session, or none any more. */
  readonly comms?: CommsInbox;
}

/** A drain as this process sees it. */
export interface CommsDrainView {
  readonly phase: DrainPhase;
  /** Of the latest drain; `null` before the first. */
  readonly mode: DrainMode | null;
  /** What is still owed to the machine. */
  readonly obligations: readonly "spawn"[];
  /** Why the latest drain ended by itself or was told to; `null` before. */
  readonly lastExit: DrainExit | null;
  /** Failures in a row. */
  readonly failures: number;
}
