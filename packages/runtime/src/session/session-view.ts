import { deriveState, legalVerbs } from "@holdfast/domain";
import type { SessionRecord } from "../ports/session-directory.ts";
import type { SessionView } from "../session-runtime.ts";

/** A session as callers see it: what it derives from its record is derived here alone. */
export function toSessionView({ hasRun, isBusy, ...record }: SessionRecord): SessionView {
  const isBound = record.binding !== null;
  return {
    ...record,
    state: deriveState({ phase: record.phase, isBound, hasRun }),
    legalVerbs: legalVerbs(record.phase, {
      hasRun,
      isBusy,
      isBound,
      hasPending: record.queued + record.scheduled > 0,
    }),
  };
}
