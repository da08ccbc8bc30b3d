import {
  AppError,
  type ControlReport,
  type NodeId,
  type RetryBudget,
  type RunId,
  type RunStatus,
  type SessionPhase,
  type Signal,
  type Timing,
} from "@holdfast/contracts";
import { abortReasonOf } from "@holdfast/domain";
import type {
  AbortNotice,
  Control,
  ControlCommand,
  ControlReply,
  InterruptCommand,
  PublishCommand,
  PublishReply,
  ResumeCommand,
  ResumeReply,
} from "@holdfast/runtime";
import { type ConstantsText, encodeConstants, type ScriptRunner } from "../connection/script-runner.ts";
import type { ScriptName } from "../generated/scripts.ts";
import { encodeColumnText } from "../layout/column.ts";
import type { Keyspace } from "../layout/keys.ts";
import { REPORT, rowOf } from "../layout/rows.ts";
import {
  asReply,
  decodeSettled,
  nodes,
  number,
  numberOrNull,
  type Reply,
  tagOf,
  text,
  unexpected,
} from "../ledger/replies.ts";

interface ControlOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
  readonly timing: Timing;
  readonly budget: RetryBudget;
}

/** The control plane's writes on Redis. */
export function createRedisControl(options: ControlOptions): Control {
  const constants = encodeConstants("resume-run", options.timing);
  return {
    apply: (command) => apply(options, command),
    interrupt: (command) => interrupt(options, command),
    publish: (command) => publish(options, command),
    resume: (command) => resume({ ...options, constants }, command),
  };
}

async function publish(
  { scripts, keys }: ControlOptions,
  { ref, requestId, name, payload, digest }: PublishCommand,
): Promise<PublishReply> {
  const event = { requestId, name, digest, payload: encodeColumnText(payload) };
  const reply = asReply(await scripts.run("publish-event", keys.session(ref).list, event));
  switch (tagOf(reply)) {
    case "published":
      return {
        kind: "published",
        isRepeat: text(reply, 1) === "1",
        cursor: number(reply, 2),
        followers: nodes(reply, 3),
      };
    case "mismatch":
      return { kind: "mismatch" };
    case "refused":
      return { kind: "refused", phase: text(reply, 1) as SessionPhase };
    case "missing":
      return { kind: "missing" };
    case "torn":
      throw new AppError("session.torn");
    default:
      return unexpected("publish-event", reply);
  }
}

function decodeReport(columns: unknown): ControlReport {
  const { abortedRunId, ...report } = rowOf(REPORT, asReply(columns));
  return {
    ...report,
    verb: report.verb as ControlReport["verb"],
    phaseBefore: report.phaseBefore as SessionPhase,
    phaseAfter: report.phaseAfter as SessionPhase,
    ...(abortedRunId === "" ? {} : { abortedRunId: abortedRunId as RunId }),
  };
}

/** A request id names one command: the same id with another verb is a caller's mistake. */
function assertSameVerb(report: ControlReport, verb: ControlReport["verb"]): void {
  if (report.verb === verb) return;
  throw new AppError("idempotency.mismatch", { message: `this request id was used for ${report.verb}` });
}

async function apply(
  { scripts, keys, timing, budget }: ControlOptions,
  command: ControlCommand,
): Promise<ControlReply> {
  const { member, list } = keys.session(command.ref);
  const reply = asReply(
    await scripts.run("control-session", list, {
      member,
      verb: command.verb,
      requestId: command.requestId,
      isDryRun: command.isDryRun === true,
      rewakeMs: timing.rewakeMs,
      maxLosses: budget.maxLosses,
    }),
  );
  if (tagOf(reply) !== "applied") return decodeRefusal("control-session", reply);
  const report = decodeReport(reply[2]);
  assertSameVerb(report, command.verb);
  const epoch = numberOrNull(reply, 4);
  return {
    kind: "applied",
    isRepeat: text(reply, 1) === "1",
    report,
    abort: toAbort(text(reply, 3), report.abortedRunId, "stopped"),
    wake: epoch === null ? null : { epoch, executor: text(reply, 5) },
    hasChores: text(reply, 6) === "1",
    settled: decodeSettled(reply, 9),
    followers: nodes(reply, 7),
    cursor: number(reply, 8),
  };
}

function decodeRefusal(script: ScriptName, reply: Reply): ControlReply {
  switch (tagOf(reply)) {
    case "refused": {
      const isBusy = text(reply, 2) === "1";
      const runId = text(reply, 3);
      const currentRunId = runId === "" ? null : (runId as RunId);
      return { kind: "refused", phase: text(reply, 1) as SessionPhase, isBusy, currentRunId };
    }
    case "missing":
      return { kind: "missing" };
    case "torn":
      throw new AppError("session.torn");
    default:
      return unexpected(script, reply);
  }
}

function toAbort(node: string, runId: RunId | undefined, reason: AbortNotice["reason"]) {
  return node === "" || runId === undefined ? null : { node: node as NodeId, runId, reason };
}

async function interrupt(
  { scripts, keys }: ControlOptions,
  { ref, requestId, runId, mode, isDryRun = false }: InterruptCommand,
): Promise<ControlReply> {
  const { list } = keys.session(ref);
  const reply = asReply(await scripts.run("interrupt-run", list, { requestId, runId: runId ?? "", mode, isDryRun }));
  if (tagOf(reply) === "refused") {
    const current = text(reply, 2);
    const currentRunId = current === "" ? null : (current as RunId);
    return { kind: "refused", phase: text(reply, 1) as SessionPhase, isBusy: currentRunId !== null, currentRunId };
  }
  if (tagOf(reply) !== "applied") return decodeRefusal("interrupt-run", reply);
  const report = decodeReport(reply[2]);
  assertSameVerb(report, "interrupt");
  return {
    kind: "applied",
    isRepeat: text(reply, 1) === "1",
    report,
    abort: toAbort(text(reply, 3), report.abortedRunId, abortReasonOf(mode)),
    wake: null,
    hasChores: false,
    settled: [],
    followers: nodes(reply, 5),
    cursor: number(reply, 6),
  };
}

async function resume(
  { scripts, keys, constants }: ControlOptions & { readonly constants: ConstantsText<"resume-run"> },
  { ref, requestId, runId, value }: ResumeCommand,
): Promise<ResumeReply> {
  const { member, list } = keys.session(ref);
  const reply = asReply(await scripts.run("resume-run", list, { member, requestId, runId, value }, constants));
  switch (tagOf(reply)) {
    case "resumed":
      return decodeResumed(reply);
    case "not_suspended": {
      const status = text(reply, 1);
      return { kind: "not_suspended", status: status === "" ? null : (status as RunStatus) };
    }
    case "other_request":
      throw new AppError("idempotency.mismatch", { message: `this request id was used for ${text(reply, 1)}` });
    case "missing":
      return { kind: "missing" };
    case "torn":
      throw new AppError("session.torn");
    default:
      return unexpected("resume-run", reply);
  }
}

function decodeResumed(reply: Reply): ResumeReply {
  const [node, executor] = [text(reply, 4), text(reply, 5)];
  return {
    kind: "resumed",
    isRepeat: text(reply, 1) === "1",
    wake: {
      signal: text(reply, 2) as Signal,
      epoch: number(reply, 3),
      node: node === "" ? null : (node as NodeId),
      executor: executor === "" ? null : executor,
    },
    followers: nodes(reply, 6),
    cursor: number(reply, 7),
  };
}
