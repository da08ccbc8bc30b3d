import {
  type Input,
  type InputId,
  type InteractionStatus,
  isoOf,
  type RunId,
  type RunStanding,
  type SessionRef,
  type StandingSource,
} from "@holdfast/contracts";
import { resolveRun } from "@holdfast/domain";
import type { StatusApi } from "../api/status.ts";
import type { AwaitedInput } from "../completion/completions.ts";
import type { Ingress } from "../ingress/ingress.ts";
import type { InputRecord } from "../ports/archive.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { InputTarget } from "../session-runtime.ts";

/** What the queries work with. */
export interface StatusParts {
  readonly context: RuntimeContext;
  readonly ingress: Ingress;
}

/** The queries about work. */
export function bindStatus(parts: StatusParts): StatusApi {
  return {
    interactionStatus: (ref, target) => interactionStatus(parts, ref, target),
    runStatus: (ref, runId) => runStatus(parts, ref, runId),
  };
}

/** The id of the input that a target means. A key whose input has an id of its own is looked up. */
export async function inputIdOf(
  { context, ingress }: StatusParts,
  ref: SessionRef,
  target: InputTarget,
): Promise<InputId> {
  if ("inputId" in target) return target.inputId;
  const keyedId = ingress.idOfKey(ref, target.key);
  return (await context.store.witnesses.ownerOf(ref, keyedId)) ?? keyedId;
}

/** What is to be waited for. Which input a key names is asked while waiting, so that the wait outlives an outage. */
export function awaitedInput(parts: StatusParts, ref: SessionRef, target: InputTarget): AwaitedInput {
  if ("inputId" in target) return target;
  return { inputId: parts.ingress.idOfKey(ref, target.key), findId: () => inputIdOf(parts, ref, target) };
}

/** Where an input stands, or `null`. */
export async function interactionStatus(
  parts: StatusParts,
  ref: SessionRef,
  target: InputTarget,
): Promise<InteractionStatus | null> {
  const record = await parts.context.store.witnesses.find(ref, await inputIdOf(parts, ref, target));
  return record === null ? null : toStatus(record, await sourceOf(parts, ref));
}

async function runStatus(parts: StatusParts, ref: SessionRef, runId: RunId): Promise<RunStanding> {
  const witnesses = await parts.context.store.witnesses.ofRun(ref, runId);
  return {
    source: await sourceOf(parts, ref),
    runId,
    resolution: resolveRun(witnesses),
    witnesses: witnesses.map(({ inputId }) => inputId),
  };
}

async function sourceOf({ context }: StatusParts, ref: SessionRef): Promise<StandingSource> {
  const workerId = await context.store.witnesses.holder(ref);
  return workerId === null ? { kind: "durable_store" } : { kind: "live_runtime", workerId };
}

function toStatus(record: InputRecord, source: StandingSource): InteractionStatus {
  const { inputId, status, outcome, runId, attempts, admittedAt, changedAt, payload } = record;
  return {
    source,
    inputId,
    key: (JSON.parse(payload) as Input).idempotencyKey ?? null,
    phase: status,
    outcome,
    runId,
    attempts,
    admittedAt: isoOf(admittedAt),
    updatedAt: isoOf(changedAt),
  };
}
