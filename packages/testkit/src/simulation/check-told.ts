/** What callers were told, compared with what the store holds. */
import {
  type Admission,
  type InputId,
  OperationOutcome,
  type Outcome,
  type RunId,
  type SessionRef,
} from "@holdfast/contracts";
import type { InputRecord } from "@holdfast/runtime";
import { isSameJson } from "./is-same-json.ts";
import type { LedgerRecord } from "./ledger-record.ts";
import type { Life } from "./life.ts";
import type { Told } from "./tell.ts";
import type { StoreFact } from "./witness.ts";
import type { Commanding, Sending, Waiting } from "./workload.ts";

type Ledgers = ReadonlyMap<string, LedgerRecord>;

/** Checks every answer that any caller got. */
export function checkTold(life: Life, ledgers: Ledgers): void {
  const { sendings, waitings, commandings } = life.workload;
  for (const sending of sendings) {
    checkCode(life, `sending ${sending.plan.number}`, sending.told);
    checkAnswer(life, ledgers, sending);
  }
  for (const waiting of waitings) checkWaited(life, ledgers, waiting);
  for (const keyed of groupBy(sendings, ({ ref, plan }) => `${ref.sessionId} ${plan.number}`)) checkKey(life, keyed);
  if (life.world.rollbacks.length === 0) checkRealTime(life, ledgers);
  checkReports(life, commandings);
  checkApprovals(life);
}

/** Why a call may fail: the store is away, and verbs, keys and early questions are part of some lives. */
const FAILURES: ReadonlySet<string> = new Set([
  "store.unavailable",
  "idempotency.mismatch",
  "session.not_accepting",
  "session.destroyed",
  "session.not_found",
  "control.refused",
  "run.not_current",
  "input.not_found",
  "run.not_suspended",
  "session.unregistering",
]);

function checkCode({ world }: Life, what: string, told: Told<unknown> | null): void {
  if (told?.kind !== "failed" || FAILURES.has(told.code)) return;
  // Only a store that was set back has forgotten what it had.
  if (told.code === "input.expired" && world.rollbacks.length > 0) return;
  world.witness.report("G10", `${what} failed: ${told.code}`);
}

/** Whoever was told that an input is admitted finds it under the same number, and is told how it ended. */
function checkAnswer(life: Life, ledgers: Ledgers, { told, outcome, ref, plan }: Sending): void {
  const { witness } = life.world;
  if (told?.kind !== "answered") return;
  const { value } = told;
  if (value.kind === "rejected") {
    if (value.reason === "busy" && plan.input.overlap === "drop") return;
    witness.report("G1", `${ref.sessionId}: ${plan.number} was rejected: ${value.detail}`);
    return;
  }
  const inputId = ownerOf(value);
  if (outcome !== null) checkOutcome(life, ledgers, { ref, inputId, outcome });
  if (isForgotten(life, ledgers, { ref, inputId })) return;
  const input = findInput(ledgers, { ref, inputId });
  if (input === undefined) witness.report("G1", `${ref.sessionId}: ${inputId} was acknowledged and is not there`);
  else if (input.admission !== value.admission) {
    witness.report("G7", `${inputId} was acknowledged as ${value.admission} and is ${input.admission}`);
  }
}

interface Named {
  readonly ref: SessionRef;
  readonly inputId: InputId;
}

function findInput(ledgers: Ledgers, { ref, inputId }: Named): InputRecord | undefined {
  return ledgers.get(ref.sessionId)?.inputs.find((input) => input.inputId === inputId);
}

/** Nobody finds again what the store forgot when it was set back, nor what was destroyed. */
function isForgotten({ world }: Life, ledgers: Ledgers, named: Named): boolean {
  const isDestroyed = ledgers.get(named.ref.sessionId)?.session.phase === "destroyed";
  return isDestroyed || world.witness.lost.some((fact) => fact.type === "admitted" && isAbout(fact, named));
}

function isAbout(fact: StoreFact, { ref, inputId }: Named): boolean {
  return "inputId" in fact && fact.inputId === inputId && isOf(fact, ref);
}

function isOf(fact: StoreFact, { sessionId }: SessionRef): boolean {
  return fact.ref.sessionId === sessionId;
}

/** Whoever waits is told what the store says, or what it said before it forgot. */
function checkOutcome(
  life: Life,
  ledgers: Ledgers,
  { ref, inputId, outcome }: Named & { readonly outcome: Told<Outcome> },
): void {
  const { witness } = life.world;
  const named = { ref, inputId };
  const isLost = isForgotten(life, ledgers, named);
  // Destroying, too, may have been forgotten.
  const mayBeGone = isLost || witness.lost.some((fact) => fact.type === "destroyed" && isOf(fact, ref));
  if (outcome.kind === "failed") {
    if (!mayBeGone) witness.report("G9", `who waited for ${inputId} was told ${outcome.code}`);
    return;
  }
  if (isSameJson(outcome.value, findInput(ledgers, named)?.outcome ?? undefined)) return;
  const isGone = outcome.value.kind === "abandoned" && outcome.value.reason === "destroyed";
  if (mayBeGone && isGone) return;
  const said = [...witness.lost, ...(isLost ? witness.facts : [])];
  const wasSaid = said.some((fact) => {
    return "outcome" in fact && isAbout(fact, named) && isSameJson(fact.outcome, outcome.value);
  });
  if (!wasSaid) witness.report("G9", `who waited for ${inputId} was told ${JSON.stringify(outcome.value)}`);
}

/** A question by key is answered like any other; one that came too early says that there is nothing yet. */
function checkWaited(life: Life, ledgers: Ledgers, { ref, plan, outcome, askedStep }: Waiting): void {
  checkCode(life, `waiting for ${plan.number}`, outcome);
  if (outcome === null) return;
  const sendings = life.workload.sendings.filter((sending) => sending.plan === plan);
  const answered = sendings.flatMap(({ told }) => (told?.kind === "answered" ? [told] : []));
  const [first] = answered;
  if (first === undefined || first.value.kind === "rejected") return;
  const inputId = ownerOf(first.value);
  if (outcome.kind === "answered" || first.step < askedStep) checkOutcome(life, ledgers, { ref, inputId, outcome });
}

/** A key names one input: it is accepted once, and with one payload only. */
function checkKey({ world }: Life, sendings: readonly Sending[]): void {
  const admissions = sendings.flatMap(({ told, isChanged }) => {
    return told?.kind === "answered" && told.value.kind !== "rejected" ? [{ value: told.value, isChanged }] : [];
  });
  const [first] = sendings;
  if (first === undefined || !first.plan.hasKey || world.rollbacks.length > 0) return;
  const name = `${first.ref.sessionId}: ${first.plan.number}`;
  const accepted = admissions.filter(({ value }) => value.kind === "accepted");
  if (accepted.length > 1) world.witness.report("G7", `${name} was accepted ${accepted.length} times`);
  if (new Set(admissions.map(({ isChanged }) => isChanged)).size > 1) {
    world.witness.report("G7", `${name} was taken with two payloads`);
  }
  const numbers = new Set(admissions.map(({ value }) => value.admission));
  if (numbers.size > 1) world.witness.report("G7", `${name} was acknowledged as ${[...numbers].join(" and ")}`);
}

interface Span {
  readonly input: InputRecord;
  readonly session: string;
  readonly sentStep: number;
  answeredStep: number;
}

/** What was acknowledged before something else was sent has the lower number. */
function checkRealTime(life: Life, ledgers: Ledgers): void {
  const spans = spansOf(life, ledgers);
  for (const one of spans) {
    for (const other of spans) {
      const isBefore = one.session === other.session && one.answeredStep < other.sentStep;
      if (!isBefore || one.input.admission < other.input.admission) continue;
      const [earlier, later] = [one.input.inputId, other.input.inputId];
      life.world.witness.report("G6", `${later} was sent after ${earlier} was answered, and came before it`);
    }
  }
}

/** For each input, from when it was first sent to when it was first answered. */
function spansOf({ workload: { sendings } }: Life, ledgers: Ledgers): readonly Span[] {
  const spans = new Map<InputId, Span>();
  for (const { told, ref, plan, isChanged } of sendings) {
    if (told?.kind !== "answered") continue;
    const input = findInput(ledgers, { ref, inputId: ownerOf(told.value) });
    if (input === undefined) continue;
    // The first one sent may be the one that was carried out, though nobody heard.
    const first = sendings.find((other) => other.plan === plan && other.isChanged === isChanged);
    const span = spans.get(input.inputId);
    if (span !== undefined) span.answeredStep = Math.min(span.answeredStep, told.step);
    else {
      const sentStep = first?.sentStep ?? 0;
      spans.set(input.inputId, { input, session: ref.sessionId, sentStep, answeredStep: told.step });
    }
  }
  return [...spans.values()];
}

/** The input that an admission is about: its own, or the one that has the key. */
function ownerOf(admission: Admission): InputId {
  if (admission.kind === "rejected") return "" as InputId;
  return admission.kind === "accepted" ? admission.inputId : admission.existingId;
}

/** The same request reports the same (G10). */
function checkReports(life: Life, commandings: readonly Commanding[]): void {
  for (const { request, told } of commandings) checkCode(life, `request ${request}`, told);
  if (life.world.rollbacks.length > 0) return;
  for (const same of groupBy(commandings, ({ ref, request }) => `${ref.sessionId} ${request}`)) {
    const reports = same.flatMap(({ told }) => (told?.kind === "answered" ? [told.value] : []));
    if (reports.every((report) => isSameJson(report, reports[0]))) continue;
    life.world.witness.report("G10", `request ${same[0]?.request} was reported differently`);
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** A run that was let go on finds what one of those said who let it, or how the work ended that it waited for. */
function checkApprovals(life: Life): void {
  const { approvals } = life.workload;
  for (const { request, told } of approvals.given) checkCode(life, request, told);
  for (const { turn } of life.world.turns) {
    const value = turn.resumed?.value ?? null;
    if (value === null) continue;
    const isGiven = approvals.given.some(({ runId, request }) => {
      return runId === turn.runId && isSameJson(value, { by: request });
    });
    if (!isGiven && !(isOutcome(value) && waitedForWork(life, turn.runId)))
      life.world.witness.report("G10", `${turn.runId} was resumed with ${JSON.stringify(value)}`);
  }
}

function isOutcome(value: unknown): boolean {
  return OperationOutcome.safeParse(value).success;
}

/** What the store forgot went on all the same. */
function waitedForWork({ world: { witness } }: Life, runId: RunId): boolean {
  return [...witness.facts, ...witness.lost].some((fact) => {
    return fact.type === "committed" && fact.commit.fence.runId === runId && fact.commit.goesOn;
  });
}
