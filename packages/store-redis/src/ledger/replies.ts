/** Decodes what scripts answer. Numbers in nested replies arrive as numbers or as text; both are read. */
import type { Boundary, ClaimId, FailureReport, InputId, InputStatus, NodeId, RunId } from "@holdfast/contracts";
import { AppError } from "@holdfast/contracts";
import { outcomeOf } from "@holdfast/domain";
import type { SettledInput, StagedBatch } from "@holdfast/runtime";

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

/** A staged batch as scripts answer it. */
export function decodeBatch(value: unknown): StagedBatch {
  const reply = asReply(value);
  const inputs = asReply(reply[10]).map((item) => {
    const input = asReply(item);
    const stored = text(input, 5);
    return {
      inputId: text(input, 0) as InputId,
      admission: number(input, 1),
      attempts: number(input, 2),
      failures: number(input, 3),
      losses: number(input, 4),
      // Stored as id, space, payload, so that an admission number finds its input.
      payload: stored.slice(stored.indexOf(" ") + 1),
    };
  });
  return {
    fence: { token: number(reply, 0), claimId: text(reply, 1) as ClaimId, runId: text(reply, 2) as RunId },
    attempt: number(reply, 3),
    sequence: number(reply, 4),
    position: number(reply, 5),
    previousDigest: text(reply, 6),
    executor: text(reply, 7),
    boundary: text(reply, 8) as Boundary,
    journalEntries: number(reply, 9),
    inputs,
  };
}

/** What the caller knows of the settlement its inputs ended by. */
export interface SettledContext {
  readonly runId?: RunId;
  /** Canonical JSON of the output, or `null`. */
  readonly output?: string | null;
  readonly failure?: FailureReport;
}

/** Inputs that ended in a call, with their outcomes. */
export function decodeSettled(value: unknown, context: SettledContext = {}): SettledInput[] {
  return asReply(value).map((item) => {
    const [inputId, status, waiting, attempts, position, detail] = asReply(item) as [
      InputId,
      InputStatus,
      string,
      number,
      number,
      string,
    ];
    const at = Number(position);
    const outcome = outcomeOf({
      status,
      detail,
      attempts: Number(attempts),
      ...(at > 0 && context.runId !== undefined ? { receipt: { runId: context.runId, position: at } } : {}),
      ...(context.output == null ? {} : { output: JSON.parse(context.output) as unknown }),
      ...(context.failure === undefined ? {} : { failure: context.failure }),
    });
    if (outcome === null) throw new AppError("store.corrupt", { message: `input ${inputId} is settled and ${status}` });
    return { inputId, outcome, nodes: listOf(waiting) as NodeId[] };
  });
}
