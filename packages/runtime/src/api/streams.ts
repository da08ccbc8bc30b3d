import type { RunId, SessionRef, StreamPage, StreamPart } from "@holdfast/contracts";
import type { InputTarget } from "./accept-options.ts";

/** What runs write while they are in progress, for readers in any process. */
export interface StreamsApi {
  /**
   * A page of a run's stream, from an offset on (G12).
   *
   * @throws run.not_found, stream.expired when what comes after the offset is not kept any more, request.invalid
   * for an offset the stream has not, session.not_found, session.destroyed
   */
  readStream(ref: SessionRef, runId: RunId, query?: StreamQuery): Promise<StreamPage>;

  /**
   * The parts of a run's stream after an offset: first those that are there, then
   * each as it comes, over all attempts of the run and whoever carries them out.
   * Ends after the `closed` part, or with the signal. Who comes back with the
   * last offset they have seen misses nothing and sees nothing twice (G12).
   *
   * @throws as `readStream`; a session that is destroyed meanwhile closes the stream
   */
  followStream(ref: SessionRef, runId: RunId, options?: FollowStreamOptions): AsyncIterable<StreamPart>;

  /**
   * What runs write about one input: waits until it is staged, follows its run,
   * and goes on with another one where that is what becomes of it; what was written
   * under the former is then withdrawn as a whole. Ends after the `closed` part of
   * the run the input ended with, and without one when it ends without a run.
   *
   * @throws input.not_found, session.not_found, session.destroyed, stream.expired
   */
  followInputStream(
    ref: SessionRef,
    target: InputTarget,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<InputStreamPart>;

  /** The run in progress, `null` at rest. @throws session.not_found */
  findCurrentRun(ref: SessionRef): Promise<RunId | null>;
}

/** Which page of a stream. */
export interface StreamQuery {
  /** Offset of the last part seen; 0, unless given, for the beginning. */
  readonly after?: number;
  /** At most so many parts; 100, unless given, and never more. */
  readonly limit?: number;
}

/** From where a stream is followed, and until when. */
export interface FollowStreamOptions {
  /** Offset of the last part seen; 0, unless given, for the beginning. */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

/** A part of a stream, and whose it is. */
export type InputStreamPart = StreamPart & { readonly runId: RunId };
