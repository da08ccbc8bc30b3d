import type { InteractionEvent } from "@holdfast/contracts";

/**
 * Where messages of a session's peers wait in this process, as the surface that
 * speaks with the peers provides it. Trust and class of a message are decided in
 * there; the runtime takes both as given.
 *
 *   D47  Candidates are claimed in the order they came in, one at a time: until it
 *        is committed or released, a claimed one is the only one handed out.
 *   D48  A released candidate is handed out again, before those that came later.
 *   D49  A listener is called for every arrival from the moment it subscribed,
 *        a dismissal included.
 *
 * Where several processes have the inbox of one session, they have the same one:
 * only one of them reads it at a time, and what it leaves the next one finds.
 *
 * What any method rejects with ends the drain, and a later one begins anew.
 */
export interface CommsInbox {
  /** Calls `listener` when something may have arrived; the answer ends that. */
  subscribe(listener: () => void): () => void;

  /** The oldest message, with its class, or `null`; its shape is checked by the runtime. */
  claim(): Promise<unknown>;

  /** Forgets the claimed message: it is in the ledger. */
  commit(): Promise<void>;

  /** Puts a claimed message back; nothing is claimed afterwards. */
  release(): Promise<void>;

  /** Whether a peer with the right to do so told the session to go. */
  wasDismissed(): boolean;

  /** Who is told how an interaction ended, once; `null` when nobody asked. */
  takeSubscriber(interactionId: string): InteractionSubscriber | null;

  /** Nothing more comes of an interaction here. */
  markComplete(interactionId: string): void;
}

/** Waits for the end of an interaction. */
export interface InteractionSubscriber {
  /** Takes what became of it; given up after five seconds. */
  send(event: InteractionEvent): Promise<void>;
}
