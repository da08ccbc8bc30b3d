import {
  AppError,
  type NodeId,
  type Obligation,
  type ObligationStatus,
  type RequestId,
  type RetryBudget,
  type RunId,
  type SessionPhase,
  type Timing,
  type UnregisterReport,
} from "@holdfast/contracts";
import type {
  BeginCommand,
  BeginReply,
  CloseCommand,
  CloseReply,
  CommitReply,
  Unregistration,
} from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";
import { LEAVE, rowOf } from "../layout/rows.ts";
import {
  asReply,
  decodeSettled,
  listOf,
  nodes,
  number,
  type Reply,
  tagOf,
  text,
  unexpected,
} from "../ledger/replies.ts";

interface UnregistrationOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
  readonly timing: Timing;
  readonly budget: RetryBudget;
}

/** Unregistrations on Redis: a row beside the head, and a head that is put away at the end. */
export function createRedisUnregistration(options: UnregistrationOptions): Unregistration {
  return {
    begin: (command) => begin(options, command),
    close: (command) => close(options, command),
    commit: (ref) => commit(options, ref),
  };
}

function decodeReport(columns: unknown): UnregisterReport {
  const { phaseBefore, inputsAbandoned, abortedRunId, ...row } = rowOf(LEAVE, asReply(columns));
  return {
    wasRegistered: true,
    phaseBefore: phaseBefore as SessionPhase,
    inputsAbandoned,
    ...(abortedRunId === "" ? {} : { abortedRunId: abortedRunId as RunId }),
    obligations: statusesOf(row),
  };
}

function statusesOf({ loop, drain, waiters }: Readonly<Record<Obligation, string>>): UnregisterReport["obligations"] {
  const status = (text: string) => text as ObligationStatus;
  return { loop: status(loop), drain: status(drain), waiters: status(waiters) };
}

async function begin(
  { scripts, keys, timing }: UnregistrationOptions,
  { ref, requestId }: BeginCommand,
): Promise<BeginReply> {
  const { member, list } = keys.session(ref);
  const { rewakeMs, unregisterMs: waitMs } = timing;
  const reply = asReply(await scripts.run("begin-unregister", list, { member, requestId, rewakeMs, waitMs }));
  switch (tagOf(reply)) {
    case "begun":
      return {
        kind: "draining",
        isJoined: text(reply, 1) === "1",
        requestId: rowOf(LEAVE, asReply(reply[2])).requestId as RequestId,
        obligations: decodeReport(reply[2]).obligations,
        holder: text(reply, 3) === "" ? null : { node: text(reply, 3) as NodeId, runId: text(reply, 4) as RunId },
        followers: nodes(reply, 5),
        cursor: number(reply, 6),
      };
    case "removed":
      return { kind: "removed", report: decodeReport(reply[1]) };
    case "refused":
      return { kind: "refused", phase: text(reply, 1) as SessionPhase };
    case "missing":
      return { kind: "missing" };
    default:
      return failed(reply, "begin-unregister");
  }
}

function failed(reply: Reply, script: "begin-unregister" | "close-obligation" | "commit-unregister"): never {
  if (tagOf(reply) === "torn") throw new AppError("session.torn");
  return unexpected(script, reply);
}

async function close(
  { scripts, keys, timing, budget }: UnregistrationOptions,
  { ref, obligation, by }: CloseCommand,
): Promise<CloseReply> {
  const { member, list } = keys.session(ref);
  const reply = asReply(
    await scripts.run("close-obligation", list, {
      member,
      obligation,
      isForced: by === "force",
      isCheck: by === "check",
      rewakeMs: timing.rewakeMs,
      waitMs: timing.unregisterMs,
      maxLosses: budget.maxLosses,
    }),
  );
  switch (tagOf(reply)) {
    case "noted":
      return {
        kind: "noted",
        status: text(reply, 1) as ObligationStatus,
        abort:
          text(reply, 2) === ""
            ? null
            : { node: text(reply, 2) as NodeId, runId: text(reply, 3) as RunId, reason: "stopped" },
        followers: nodes(reply, 4),
        cursor: number(reply, 5),
        settled: decodeSettled(reply, 6),
      };
    case "owed":
      return { kind: "open", until: number(reply, 1) };
    case "chores":
      return {
        kind: "chores",
        followers: nodes(reply, 1),
        cursor: number(reply, 2),
        settled: decodeSettled(reply, 3),
      };
    case "ignored":
      return { kind: "ignored" };
    default:
      return failed(reply, "close-obligation");
  }
}

async function commit(
  { scripts, keys, timing }: UnregistrationOptions,
  ref: CloseCommand["ref"],
): Promise<CommitReply> {
  const { member, list } = keys.session(ref);
  const reply = asReply(await scripts.run("commit-unregister", list, { member, rewakeMs: timing.rewakeMs }));
  switch (tagOf(reply)) {
    case "removed":
      return {
        kind: "removed",
        report: decodeReport(reply[1]),
        followers: nodes(reply, 2),
        cursor: number(reply, 3),
      };
    case "owed":
      return { kind: "open", obligations: listOf(text(reply, 1)) as Obligation[] };
    case "chores":
      return { kind: "chores" };
    case "ignored":
      return { kind: "ignored" };
    default:
      return failed(reply, "commit-unregister");
  }
}
