/**
 * Why a session stands still: one reading of the facts, in the order in
 * which they would have to change.
 */
import { type Explanation, isoOf, type SessionPhase, type WaitsFor } from "@holdfast/contracts";
import { deriveState, isFinalPhase, legalVerbs } from "@holdfast/domain";
import type { ExplainFacts } from "../ports/archive.ts";
import type { SessionRecord } from "../ports/session-directory.ts";

/** Explains a session from what the store knows. */
export function explain(facts: ExplainFacts): Explanation {
  const { record, run, now, isTorn } = facts;
  const isBound = record.binding !== null;
  const waitsFor = findReason(facts);
  return {
    phase: record.phase,
    state: deriveState({ phase: record.phase, isBound, hasRun: run !== null }),
    waitsFor,
    summary: summarise(waitsFor, facts),
    legalVerbs: isTorn
      ? []
      : legalVerbs(record.phase, {
          hasRun: run !== null,
          isBusy: run !== null && run.leaseUntil > now,
          isBound,
          hasPending: record.queued + record.scheduled > 0,
        }),
  };
}

function findReason(facts: ExplainFacts): WaitsFor {
  const { record, run, now } = facts;
  if (facts.isTorn) return { kind: "repair" };
  if (run !== null) {
    return {
      kind: "run",
      runId: run.runId,
      attempt: run.attempt,
      workerId: run.node,
      stagedAt: isoOf(run.stagedAt),
      leaseUntil: isoOf(run.leaseUntil),
      isLeaseLive: run.leaseUntil > now,
      cancelMode: run.cancelMode,
    };
  }
  const isDraining = record.phase === "idle" || record.phase === "retired";
  if (!isDraining) return { kind: "operator", phase: record.phase };
  if (record.queued + record.scheduled === 0) return { kind: "nothing" };
  if (record.binding === null) return { kind: "binding" };
  return findWorkReason(facts, record.binding.executor);
}

/** The session has work and an executor: somebody must come, or a time. */
function findWorkReason(facts: ExplainFacts, executor: string): WaitsFor {
  const { record, now, nextTimed, waking, dueAt } = facts;
  if (facts.isUnhosted) return { kind: "executor", executor };
  const isTimed = nextTimed !== null && nextTimed.at > now && (dueAt === null || dueAt >= nextTimed.at);
  if (isTimed) {
    return { kind: "time", inputId: nextTimed.inputId, at: isoOf(nextTimed.at), failures: nextTimed.failures };
  }
  if (waking === 0) return { kind: "wake", silentInputs: record.queued };
  return { kind: "worker", dueAt: isoOf(dueAt ?? now), fruitlessSweeps: facts.fruitlessSweeps };
}

/** Reasons about which the facts say nothing more. */
const SUMMARIES = {
  binding: "Work is queued, but the session is bound to no executor.",
  wake: "What is queued is silent: it runs together with the next input that wakes the session.",
  repair: "A script on the session was torn while it wrote: an operator must put its rows right.",
} as const;

/** A phase in which nothing runs. */
function standstillOf(phase: SessionPhase): string {
  if (isFinalPhase(phase)) return `The session is ${phase}: nothing moves it any more.`;
  if (phase === "stopped") return "The session is stopped: registering it again revives it.";
  return `The session is ${phase}; a control verb must move it.`;
}

/** Nothing is queued. */
function restOf({ phase, deadLetters }: SessionRecord): string {
  const rest =
    phase === "retired"
      ? "The session is retired and its work is done: recycling it lets it take inputs again."
      : "Nothing is queued: the session waits for input.";
  return deadLetters === 0 ? rest : `${rest} ${deadLetters} ended as dead letters.`;
}

function summarise(waitsFor: WaitsFor, facts: ExplainFacts): string {
  switch (waitsFor.kind) {
    case "run":
      return waitsFor.isLeaseLive
        ? `Run ${waitsFor.runId}, attempt ${waitsFor.attempt}, is in progress on ${waitsFor.workerId}.`
        : `Run ${waitsFor.runId} lost its worker ${waitsFor.workerId}; another takes it over by ${isoOf(facts.dueAt ?? facts.now)}.`;
    case "worker":
      return `Work is queued; a worker takes it by ${waitsFor.dueAt}.`;
    case "time":
      return waitsFor.failures > 0
        ? `Input ${waitsFor.inputId} failed ${waitsFor.failures} times and is tried again at ${waitsFor.at}.`
        : `Input ${waitsFor.inputId} is scheduled for ${waitsFor.at}.`;
    case "executor":
      return `No worker hosts executor ${waitsFor.executor}.`;
    case "operator":
      return standstillOf(waitsFor.phase);
    case "nothing":
      return restOf(facts.record);
    default:
      return SUMMARIES[waitsFor.kind];
  }
}
