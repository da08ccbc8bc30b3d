/** What commands stand for: inputs, settlements, bindings, flaws. */
import { type Binding, isoOf, type NewInput, type OperationId, type RunId } from "@holdfast/contracts";
import type { AdvanceCommand, Settlement, StagedBatch } from "@holdfast/runtime";
import { superseded, suspended } from "../fixtures/checkpoints.ts";
import {
  binding,
  callbackPending,
  cancelled,
  completed,
  EXECUTOR,
  event,
  failed,
  operation,
  progress,
  prompt,
  RELEASED,
  type Worker,
} from "../fixtures/commands.ts";
import type { DifferentialCommand, SentKind, Settling } from "./command.ts";
import { OTHER_EXECUTOR, VERSIONS, WORKERS } from "./mind.ts";

type Of<T extends DifferentialCommand["type"]> = Extract<DifferentialCommand, { type: T }>;

/** A worker as it offers itself this time. */
export function workerOf(
  index: number,
  options: { readonly maxInputs: number; readonly maxBytes: number; readonly isBatching: boolean },
): Worker {
  const { maxInputs, maxBytes, isBatching } = options;
  return { ...(WORKERS[index] as Worker), maxInputs, maxBytes, batching: isBatching ? [EXECUTOR] : [] };
}

/** A binding by its name. */
export function bindingOf(name: Of<"register">["binding"]): Binding | null {
  switch (name) {
    case "none":
      return null;
    case "other":
      return binding("hold", OTHER_EXECUTOR);
    case "ranged":
      return binding("hold", EXECUTOR, VERSIONS);
    case "hold":
    case "defer":
      return binding(name);
  }
}

/** What a settlement depends on beside its name. */
export interface SettledAt {
  readonly batch: StagedBatch;
  readonly now: number;
  /** What a run may wait for. */
  readonly operationId: OperationId;
}

/** A settlement by its name. */
export function settlementOf({ settlement, delayMs }: Settling, at: SettledAt): Settlement {
  return SETTLEMENTS[settlement](delayMs, at);
}

type SettlementMaker = (delayMs: number, at: SettledAt) => Settlement;

const SETTLEMENTS: Readonly<Record<Settling["settlement"], SettlementMaker>> = {
  callback: (delayMs) => callbackPending({ toolName: "look_up", args: { at: delayMs } }),
  rolled_back: () => ({ kind: "rolled_back" }),
  asleep: (delayMs, { now }) => suspended({ on: { type: "timer", at: isoOf(now + delayMs) } }),
  suspended: (delayMs) =>
    suspended({ on: { type: "approval", approvalId: "apr|1" }, state: { at: delayMs }, data: { at: delayMs } }),
  awaiting: (_delayMs, { operationId }) => suspended({ on: { type: "operation", operationId } }),
  superseded: (_delayMs, { batch }) => {
    const by = batch.inputs.at(-1)?.inputId;
    return by === undefined ? completed() : superseded(by);
  },
  completed: (delayMs) => completed({ output: { answer: delayMs } }),
  with_state: (delayMs) => completed({ state: { at: delayMs } }),
  cancelled: () => cancelled({ state: ["cancelled"] }),
  failed: (delayMs) => failed({ retryDelayMs: delayMs }),
  delayed: (delayMs) => failed({ retryDelayMs: delayMs, isDelayExplicit: true }),
  fatal: () => failed({ isRetryable: false, failure: { code: "executor.fatal", message: 'for "good" | and all' } }),
  released: () => RELEASED,
};

/** A settlement command that is wrong in one place. */
export function flawed(command: AdvanceCommand, flaw: Of<"advance">["flaw"]): AdvanceCommand {
  const { fence } = command;
  const changes: Readonly<Record<Of<"advance">["flaw"], Partial<AdvanceCommand>>> = {
    none: {},
    token: { fence: { ...fence, token: fence.token + 1 } },
    claim: { fence: { ...fence, claimId: "clm_of_another" as typeof fence.claimId } },
    run: { fence: { ...fence, runId: "run_of_another" as RunId } },
    position: { expectedPosition: command.expectedPosition + 1 },
    digest: { previousDigest: "another" },
    sequence: { sequence: command.sequence + 1 },
    contributors: { contributors: command.contributors.slice(1) },
    settlement: { settlementDigest: `not ${command.settlementDigest}` },
    attempt: { attempt: command.attempt + 1 },
  };
  return { ...command, ...changes[flaw] };
}

/** An input by its kind; the second variant is long. */
export function inputOf(kind: SentKind, variant: number): NewInput {
  const text = variant === 0 ? "short" : "é".repeat(400);
  switch (kind) {
    case "prompt":
      return prompt(text);
    case "event":
      return { ...event("mail"), metadata: { text } };
    case "steered":
      return { ...event("mail", { lane: "steer" }), metadata: { text } };
    case "scoped":
      return { ...event("mail", { scope: `scope ${variant}` }), metadata: { text } };
    case "progress":
      return progress(`scope|${variant}`);
    case "peer_steered":
      return { kind: "peer", body: text, source: { type: "peer", peerId: "peer" }, handlingMode: "steer" };
    case "silent":
      return {
        kind: "peer",
        body: text,
        source: { type: "peer", peerId: "peer" },
        convention: { type: "request", requestId: "request", intent: "gossip" },
      };
    case "operation":
      return operation(text.slice(0, 100));
    case "continuation":
      return { kind: "continuation", reason: text.slice(0, 100), source: { type: "system" } };
    case "ephemeral":
      return { ...event("mail"), durability: "ephemeral" };
  }
}
