import type { SessionResource } from "@holdfast/contracts";
import type { SessionView } from "@holdfast/runtime";

/** A session as the API shows it. */
export function toSessionResource(view: SessionView): SessionResource {
  return {
    sessionId: view.ref.sessionId,
    phase: view.phase,
    state: view.state,
    generation: view.generation,
    binding: view.binding,
    settings: view.settings,
    settingsRevision: view.settingsRevision,
    labels: view.labels,
    admitted: view.admitted,
    queued: view.queued,
    scheduled: view.scheduled,
    position: view.position,
    digest: view.digest,
    cursor: view.cursor,
    deadLetters: view.deadLetters,
    legalVerbs: [...view.legalVerbs],
  };
}
