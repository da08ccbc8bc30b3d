/** Decodes what scripts answer: flat lists, numbers in them as numbers or as text. */
import {
  type AbandonReason,
  AppError,
  type Boundary,
  type ClaimId,
  type FailureReport,
  type InputId,
  type InputStatus,
  type NodeId,
  type OperationId,
  type RunId,
  type WaitId,
} from "@holdfast/contracts";
import { outcomeOf } from "@holdfast/domain";
import type { RegistryChange, SettledInput, StagedBatch, StagedInput } from "@holdfast/runtime";
import type { ScriptName } from "../generated/scripts.ts";
import { decodePayload } from "../layout/payload.ts";

/** A reply: a tag and what the script's header says follows it. */
export type Reply = readonly unknown[];

/** Reads a reply as a list. @throws store.corrupt */
export function asReply(reply: unknown): Reply {
  if (!Array.isArray(reply)) throw new AppError("store.corrupt", { message: "a script answered with no list" });
  return reply as Reply;
}

/** The tag of a reply. */
export function tagOf(reply: Reply): string {
  return text(reply, 0);
}

/** For a tag that the script's header does not name. @throws store.corrupt */
export function unexpected(script: ScriptName, reply: Reply): never {
  throw new AppError("store.corrupt", { message: `${script} answered ${tagOf(reply)}` });
}

/** A column as text. */
export function text(reply: Reply, index: number): string {
  const value = reply[index];
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/** A column as a number. */
export function number(reply: Reply, index: number): number {
  return Number(reply[index] ?? 0);
}

/** A column as a number, `null` when empty. */
export function numberOrNull(reply: Reply, index: number): number | null {
  const value = text(reply, index);
  return value === "" ? null : Number(value);
}

/** A column as a list of node ids. */
export function nodes(reply: Reply, index: number): NodeId[] {
  return listOf(text(reply, index)) as NodeId[];
}

/** A comma-joined list. */
export function listOf(value: string): string[] {
  return value === "" ? [] : value.split(",");
}

const SETTLED_COLUMNS = 6;
const INPUT_COLUMNS = 6;
const BATCH_COLUMNS = 14;

/** The staged batch that begins at a place of a reply. */
export function decodeBatch(reply: Reply, at: number): StagedBatch {
  return {
    fence: { token: number(reply, at), claimId: text(reply, at + 1) as ClaimId, runId: text(reply, at + 2) as RunId },
    attempt: number(reply, at + 3),
    sequence: number(reply, at + 4),
    position: number(reply, at + 5),
    previousDigest: text(reply, at + 6),
    executor: text(reply, at + 7),
    boundary: text(reply, at + 8) as Boundary,
    journalEntries: number(reply, at + 9),
    applied: listOf(text(reply, at + 10)) as InputId[],
    appliedFailures: number(reply, at + 11),
    // JSON is never the empty text.
    kept: { data: text(reply, at + 12) || null, value: text(reply, at + 13) || null },
    inputs: decodeInputs(reply, at + BATCH_COLUMNS),
  };
}

/** Operations that ended in a call and the wait that did; their list begins at a place of its reply. */
export function decodeEnded(reply: Reply, at: number): Pick<RegistryChange, "ended"> & EndedWait {
  const count = number(reply, at);
  const ended = Array.from({ length: count }, (_, index) => ({
    operationId: text(reply, at + 1 + 2 * index) as OperationId,
    nodes: nodes(reply, at + 2 + 2 * index),
  }));
  const waitId = text(reply, at + 1 + 2 * count);
  const node = text(reply, at + 2 + 2 * count) as NodeId;
  return { ended, endedWait: waitId === "" ? null : { waitId: waitId as WaitId, node } };
}

interface EndedWait {
  readonly endedWait: RegistryChange["satisfied"];
}

/** Inputs with their payloads, whose number stands at a place of the reply. */
export function decodeInputs(reply: Reply, at: number): StagedInput[] {
  const inputs: StagedInput[] = [];
  for (let from = at + 1; inputs.length < number(reply, at); from += INPUT_COLUMNS) {
    inputs.push({
      inputId: text(reply, from) as InputId,
      admission: number(reply, from + 1),
      attempts: number(reply, from + 2),
      failures: number(reply, from + 3),
      losses: number(reply, from + 4),
      payload: decodePayload(text(reply, from + 5)).payload,
    });
  }
  return inputs;
}

/** What the caller knows of the settlement its inputs ended by. */
export interface SettledContext {
  readonly runId?: RunId;
  /** Canonical JSON of the output, or `null`. */
  readonly output?: string | null;
  readonly failure?: FailureReport;
}

/** The place behind the inputs that ended, whose list begins at a place of a reply. */
export function afterSettled(reply: Reply, at: number): number {
  return at + 2 + number(reply, at) * SETTLED_COLUMNS;
}

/** Inputs that ended in a call, with their outcomes; their list begins at a place of its reply. */
export function decodeSettled(reply: Reply, at: number, context: SettledContext = {}): SettledInput[] {
  const settled: SettledInput[] = [];
  const endedRun = text(reply, at + 1);
  const runId = endedRun === "" ? context.runId : (endedRun as RunId);
  for (let from = at + 2; from < afterSettled(reply, at); from += SETTLED_COLUMNS) {
    const inputId = text(reply, from) as InputId;
    const status = text(reply, from + 1) as InputStatus;
    const position = number(reply, from + 4);
    const detail = text(reply, from + 5);
    // It was never part of the attempt that the call settled.
    const hasExpired = detail === ("expired" satisfies AbandonReason);
    const outcome = outcomeOf({
      status,
      detail,
      attempts: number(reply, from + 3),
      ...(position > 0 && runId !== undefined ? { receipt: { runId, position } } : {}),
      ...(context.output == null ? {} : { output: JSON.parse(context.output) as unknown }),
      ...(context.failure === undefined || hasExpired ? {} : { failure: context.failure }),
    });
    if (outcome === null) throw new AppError("store.corrupt", { message: `input ${inputId} is settled and ${status}` });
    settled.push({ inputId, outcome, nodes: nodes(reply, from + 2) });
  }
  return settled;
}

/** Why a write of a run wrote nothing. */
export type Unwritten =
  | { readonly kind: "fenced" }
  | { readonly kind: "conflict"; readonly position: number }
  | { readonly kind: "missing" }
  | { readonly kind: "torn" };

/** The answers that every write of a run has beside its own. */
export function decodeUnwritten(script: ScriptName, reply: Reply): Unwritten {
  const kind = tagOf(reply);
  switch (kind) {
    case "fenced":
    case "missing":
    case "torn":
      return { kind };
    case "conflict":
      return { kind, position: number(reply, 1) };
    default:
      return unexpected(script, reply);
  }
}
