/** Streams as a session keeps them (T10 to T16). */
import type { RunId, RunStatus } from "@holdfast/contracts";

/** Which streams a session keeps. */
export interface StreamsData {
  /** Runs by place: places after `front`, up to `back`. */
  front: number;
  back: number;
  readonly places: Map<number, RunId>;
  readonly byRun: Map<RunId, StreamData>;
  /** Of all parts. */
  bytes: number;
}

/** The stream of a run. */
export interface StreamData {
  /** The place it was given first. */
  readonly number: number;
  /** Offset of the last part. */
  offset: number;
  /** Offset that the last boundary of the run stands at. */
  standing: number;
  /** Offset after which the parts of the current attempt come. */
  start: number;
  bytes: number;
  isFull: boolean;
  /** How the run ended; empty while it goes on. */
  status: RunStatus | "";
  /** Offset up to which parts were removed. */
  trimmed: number;
  /** By offset: `c` and the chunk as JSON, or `r` and the offset from which chunks are withdrawn. */
  readonly parts: Map<number, string>;
}

/** No streams. */
export function newStreamsData(): StreamsData {
  return { front: 0, back: 0, places: new Map(), byRun: new Map(), bytes: 0 };
}
