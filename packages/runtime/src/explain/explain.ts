/**
 * Why a session stands still: one reading of the facts, in the order in
 * which they would have to change.
 */
import {
  type Binding,
  type Explanation,
  type InputId,
  isoOf,
  RunId,
  type SessionPhase,
  type WaitsFor,
} from "@holdfast/contracts";
import { deriveState, isFinalPhase, isVersionWithin, legalVerbs } from "@holdfast/domain";
import type { ExplainFacts, NextTimed, SuspendedRun } from "../ports/archive.ts";
import type { SessionRecord } from "../ports/session-directory.ts";

/** Explains a session from what the store knows, and from the versions in which workers host its executor. */
export function explain(facts: ExplainFacts, announced: readonly string[]): Explanation {
  const { record, run, isTorn } = facts;
  const isBound = record.binding !== null;
  const waitsFor = findReason(facts, announced);
  return {
    phase: record.phase,
    state: deriveState({ phase: record.phase, isBound, hasRun: run !== null }),
    waitsFor,
    summary: summarise(waitsFor, facts),
    legalVerbs: isTorn
      ? []
      : legalVerbs(record.phase, {
          hasRun: run !== null,
          isBusy: record.isBusy,
          isBound,
          hasPending: record.queued + record.scheduled + facts.parked > 0,
        }),
  };
}

function findReason(facts: ExplainFacts, announced: readonly string[]): WaitsFor {
  const { record, run } = facts;
  if (facts.isTorn) return { kind: "repair" };
  if (run !== null) {
    return {
      kind: "run",
      runId: run.runId,
      attempt: run.attempt,
      workerId: run.node,
      stagedAt: isoOf(run.stagedAt),
      leaseUntil: isoOf(run.leaseUntil),
      isLeaseLive: record.isBusy,
      cancelMode: run.cancelMode,
      stalledAt: run.stalledAt === null ? null : isoOf(run.stalledAt),
    };
  }
  const isDraining = record.phase === "idle" || record.phase === "retired";
  if (!isDraining) return { kind: "operator", phase: record.phase };
  const isParkedOnly = record.queued + record.scheduled + facts.continued === 0 && facts.nextTimed === null;
  if (isParkedOnly && facts.parked === 0) return { kind: "nothing" };
  if (isParkedOnly) return { kind: "resumption", inputs: facts.parked, runs: [...facts.suspended] };
  if (record.binding === null) return { kind: "binding" };
  return findBoundReason(facts, record.binding, announced);
}

/** The session has work and is bound: whoever hosts its executor must come. */
function findBoundReason(facts: ExplainFacts, binding: Binding, announced: readonly string[]): WaitsFor {
  const missing: WaitsFor = { kind: "executor", ...boundTo(binding), announced: [...announced] };
  if (facts.isUnhosted) return missing;
  const reason = findWorkReason(facts);
  // The store marks a session unhosted when the first worker has looked at it, seconds after its work came.
  return reason.kind === "worker" && !isHosted(binding, announced) ? missing : reason;
}

function isHosted({ versions }: Binding, announced: readonly string[]): boolean {
  return announced.some((version) => versions === undefined || isVersionWithin(version, versions));
}

/** The session has work and an executor: somebody must come, or a time. */
function findWorkReason(facts: ExplainFacts): WaitsFor {
  const { record, now, nextTimed, waking, dueAt } = facts;
  const isTimed = nextTimed !== null && nextTimed.at > now && (dueAt === null || dueAt >= nextTimed.at);
  if (isTimed) return timeOf(nextTimed);
  if (waking + facts.continued === 0) return { kind: "wake", silentInputs: record.queued };
  return { kind: "worker", dueAt: isoOf(dueAt ?? now), fruitlessSweeps: facts.fruitlessSweeps };
}

function boundTo({ executor, versions }: Binding) {
  return { executor, ...(versions === undefined ? {} : { versions }) };
}

/** What is missing, and what is there instead. */
function summariseHosting({ executor, versions, announced }: Extract<WaitsFor, { kind: "executor" }>): string {
  if (versions === undefined) return `No worker hosts executor ${executor}.`;
  const wanted = `No worker hosts executor ${executor} in a version of ${versions}`;
  return announced.length === 0 ? `${wanted}.` : `${wanted}; workers host ${announced.join(", ")}.`;
}

function timeOf({ id, at, failures }: NextTimed): WaitsFor {
  if (isRunId(id)) return { kind: "timer", runId: id, at: isoOf(at) };
  return { kind: "time", inputId: id, at: isoOf(at), failures };
}

function isRunId(id: InputId | RunId): id is RunId {
  return RunId.safeParse(id).success;
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
  if (phase === "draining") return "The session is being unregistered: it goes when nothing is open any more.";
  if (phase === "stopped") return "The session is stopped: registering it again revives it.";
  return `The session is ${phase}; a control verb must move it.`;
}

function summariseSuspended({ runs, inputs }: Extract<WaitsFor, { kind: "resumption" }>): string {
  if (runs.length > 0) return runs.map(suspensionOf).join(" ");
  return `${inputs} inputs are in suspended runs, which wait for what they are suspended on.`;
}

/** What one suspended run waits for, and what ends the wait. */
function suspensionOf({ runId, on }: SuspendedRun): string {
  switch (on.type) {
    case "approval":
      return `Run ${runId} waits for approval ${on.approvalId}: resuming it gives the answer.`;
    case "operation":
      return `Run ${runId} waits for the end of operation ${on.operationId}.`;
    case "timer":
      return `Run ${runId} goes on at ${on.at}.`;
  }
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
    case "timer":
      return `Run ${waitsFor.runId} goes on at ${waitsFor.at}.`;
    case "resumption":
      return summariseSuspended(waitsFor);
    case "executor":
      return summariseHosting(waitsFor);
    case "operator":
      return standstillOf(waitsFor.phase);
    case "nothing":
      return restOf(facts.record);
    default:
      return SUMMARIES[waitsFor.kind];
  }
}
