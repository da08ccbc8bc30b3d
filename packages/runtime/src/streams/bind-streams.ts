import { AppError } from "@holdfast/contracts";
import type { StreamsApi } from "../api/streams.ts";
import { inputIdOf, type StatusParts } from "../status/bind-status.ts";
import { followInput } from "./follow-input.ts";
import { NO_SIGNAL, type StreamReaders } from "./stream-readers.ts";

/** What readers need beside the world. */
export interface StreamParts extends StatusParts {
  readonly readers: StreamReaders;
}

/** The methods about streams. */
export function bindStreams(parts: StreamParts): StreamsApi {
  const { context, readers } = parts;
  return {
    readStream: (ref, runId, query) => readers.page(ref, runId, query),
    followStream: (ref, runId, options) => readers.follow(ref, runId, options),
    followInputStream: async function* (ref, target, { signal = NO_SIGNAL } = {}) {
      yield* followInput(parts, { ref, inputId: await inputIdOf(parts, ref, target), signal });
    },
    findCurrentRun: async (ref) => {
      const facts = await context.store.archive.explainFacts(ref);
      if (facts === null) throw new AppError("session.not_found");
      return facts.run?.runId ?? null;
    },
  };
}
