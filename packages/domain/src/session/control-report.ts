import type { ControlReport, ControlVerb, SessionPhase } from "@holdfast/contracts";

/** A report that is being written. */
export type ReportDraft = { -readonly [Field in keyof ControlReport]: ControlReport[Field] };

/** The report of a verb that has done nothing yet. */
export function newReport(verb: ControlVerb, phaseBefore: SessionPhase, phaseAfter: SessionPhase): ReportDraft {
  return {
    verb,
    phaseBefore,
    phaseAfter,
    inputsAbandoned: 0,
    inputsPendingDrain: 0,
    inputsTransferred: 0,
    inputsRecovered: 0,
    inputsRequeued: 0,
    inputsDropped: 0,
  };
}
