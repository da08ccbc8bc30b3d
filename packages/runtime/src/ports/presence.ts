import type { NodeId, SessionRef } from "@holdfast/contracts";

/** A worker process and what it hosts. */
export interface WorkerRecord {
  readonly node: NodeId;
  readonly executors: readonly { readonly name: string; readonly version: string }[];
  readonly concurrency: number;
  readonly startedAt: number;
  readonly seenAt: number;
}

/**
 * Which workers are there, and what they host.
 *
 *   P1  A worker that stops its heartbeat is no longer listed after three of them.
 *   P2  Announcing an executor makes the sessions that waited for it due again,
 *       in bounded steps.
 */
export interface Presence {
  /** Adds or refreshes a worker. */
  announce(worker: Omit<WorkerRecord, "seenAt">): Promise<void>;

  /** Makes up to `limit` sessions due that wait for an executor; answers how many were. */
  adopt(executor: string, limit: number): Promise<number>;

  /** Up to `limit` sessions with work that wait for an executor nobody hosts. */
  listUnhosted(limit: number): Promise<readonly UnhostedSession[]>;

  /** Removes a worker. */
  leave(node: NodeId): Promise<void>;

  /** Workers seen within three heartbeats. */
  list(): Promise<readonly WorkerRecord[]>;
}

/** A session that nobody can run. */
export interface UnhostedSession {
  readonly ref: SessionRef;
  readonly executor: string;
}

/** How often a worker refreshes its presence. */
export const HEARTBEAT_MS = 10_000;
