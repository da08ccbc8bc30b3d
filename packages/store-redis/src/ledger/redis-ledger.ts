import type {
  Ack,
  FailureReport,
  InputId,
  InputStatus,
  NodeId,
  RunId,
  SessionPhase,
  Signal,
} from "@holdfast/contracts";
import { AppError, type RetryBudget, SessionSettings, SCRIPT_BATCH, type Timing } from "@holdfast/contracts";
import { encodePolicy, outcomeOf, signalFor } from "@holdfast/domain";
import type {
  AdmitCommand,
  AdmitReply,
  AdvanceCommand,
  AdvanceReply,
  ChoresReply,
  ClaimCommand,
  ClaimReply,
  DueReply,
  Hold,
  Ledger,
  NextStep,
  RenewReply,
  StagingOffer,
  WatchReply,
} from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import { decodeRef, type Keyspace } from "../layout/keys.ts";
import { RECEIPT, RECORD, rowOf } from "../layout/rows.ts";
import {
  asReply,
  decodeBatch,
  decodeSettled,
  nodes,
  number,
  numberOrNull,
  type Reply,
  tagOf,
  text,
} from "./replies.ts";

/** What the ledger adapter works with. */
export interface RedisLedgerOptions {
  readonly scripts: ScriptRunner;
  /** Renewals go on a connection of their own, so that a large reply cannot delay them. */
  readonly renewals: ScriptRunner;
  readonly keys: Keyspace;
  readonly timing: Timing;
  readonly budget: RetryBudget;
  /** The level this store acknowledges at, and its timeline. */
  readonly ack: () => Ack;
}

/** The ledger on Redis: one script per operation. */
export function createRedisLedger(options: RedisLedgerOptions): Ledger {
  return {
    admit: (command) => admit(options, command),
    claim: (command) => claim(options, command),
    advance: (command) => advance(options, command),
    renew: (holds) => renew(options, holds),
    sweep: (limit) => sweep(options, limit),
    inspectDue: (ref) => inspectDue(options, ref),
    settleChores: (ref) => settleChores(options, ref),
    watch: (command) => watch(options, command),
  };
}

function unexpected(script: string, reply: Reply): never {
  throw new AppError("store.corrupt", { message: `${script} answered ${tagOf(reply)}` });
}

/** A policy column as the admission script reads it. */
function encodeColumn(command: AdmitCommand, column: "idle" | "live"): string {
  const decision = command.columns[column];
  const isConsumed = decision.consume === "on_accept" ? "1" : "";
  const lane = decision.lane === "steer" ? "s" : "q";
  const signal = signalFor(decision, column === "live");
  return [lane, decision.queue, isConsumed, signal, decision.boundary, encodePolicy(decision)].join("|");
}

async function admit({ scripts, keys, timing, ack }: RedisLedgerOptions, command: AdmitCommand): Promise<AdmitReply> {
  const { input, columns } = command;
  const { member, list } = keys.session(command.ref);
  const reply = asReply(
    await scripts.run("admit-input", list, {
      member,
      inputId: input.id,
      keyedId: input.keyedId ?? "",
      fingerprint: input.fingerprint,
      isPrompt: input.isPrompt,
      isEphemeral: input.isEphemeral,
      isWaking: columns.idle.wake !== "none",
      scope: input.scope ?? "",
      notBeforeAt: input.notBeforeAt,
      revision: command.settingsRevision,
      idle: encodeColumn(command, "idle"),
      live: encodeColumn(command, "live"),
      node: command.replyTo ?? "",
      leaseMs: timing.leaseMs,
      sweepDelayMs: timing.sweepDelayMs,
      payload: input.payload,
    }),
  );
  return decodeAdmit(reply, input.id, ack());
}

function decodeAdmit(reply: Reply, inputId: InputId, ack: Ack): AdmitReply {
  switch (tagOf(reply)) {
    case "accepted":
      return decodeAccepted(reply, inputId, ack);
    case "deduplicated":
      return {
        kind: "deduplicated",
        existingId: text(reply, 1) as InputId,
        admission: number(reply, 2),
        status: text(reply, 3) as InputStatus,
        ack,
      };
    case "mismatch":
      return { kind: "mismatch", existingId: text(reply, 1) as InputId };
    case "refused":
      return { kind: "refused", phase: text(reply, 1) as SessionPhase };
    case "stale_settings": {
      const settings = SessionSettings.parse(JSON.parse(text(reply, 2)));
      return { kind: "stale_settings", revision: number(reply, 1), settings };
    }
    case "missing":
      return { kind: "missing" };
    case "torn":
      return { kind: "torn" };
    default:
      return unexpected("admit-input", reply);
  }
}

function decodeAccepted(reply: Reply, inputId: InputId, ack: Ack): AdmitReply {
  const node = text(reply, 6);
  const executor = text(reply, 7);
  const settled = decodeSettled(reply[8]);
  return {
    kind: "accepted",
    inputId,
    admission: number(reply, 1),
    column: text(reply, 2) === "1" ? "live" : "idle",
    status: text(reply, 3) as InputStatus,
    wake: {
      signal: text(reply, 4) as Signal,
      epoch: number(reply, 5),
      node: node === "" ? null : (node as NodeId),
      executor: executor === "" ? null : executor,
    },
    displaced: settled.find((item) => item.inputId !== inputId) ?? null,
    followers: nodes(reply, 9),
    cursor: number(reply, 10),
    ack,
  };
}

function encodeOffer(offer: StagingOffer) {
  return {
    newRunId: offer.newRunId,
    executors: `,${offer.executors.join(",")},`,
    batching: `,${offer.batching.join(",")},`,
    maxInputs: offer.maxInputs,
    maxBytes: offer.maxBytes,
  };
}

async function claim(
  { scripts, keys, timing, budget }: RedisLedgerOptions,
  command: ClaimCommand,
): Promise<ClaimReply> {
  const { member, list } = keys.session(command.ref);
  const reply = asReply(
    await scripts.run("claim-session", list, {
      member,
      claimId: command.claimId,
      node: command.node,
      cachedDigest: command.cachedDigest ?? "",
      ...encodeOffer(command.offer),
      leaseMs: timing.leaseMs,
      graceMs: timing.graceMs,
      rewakeMs: timing.rewakeMs,
      unhostedMs: timing.unhostedMs,
      maxLosses: budget.maxLosses,
    }),
  );
  return decodeClaim(reply);
}

function decodeClaim(reply: Reply): ClaimReply {
  switch (tagOf(reply)) {
    case "staged": {
      const state = text(reply, 3);
      return {
        kind: "staged",
        batch: decodeBatch(reply[1]),
        state: text(reply, 2) === "1" ? { kind: "cached" } : { kind: "stored", state: state === "" ? null : state },
        settled: decodeSettled(reply[4]),
        followers: nodes(reply, 5),
        cursor: number(reply, 6),
      };
    }
    case "busy":
      return { kind: "busy", leaseUntil: number(reply, 1) };
    case "chores":
      return { kind: "chores" };
    case "not_hosted":
      return { kind: "not_hosted", executor: text(reply, 1) };
    case "rest":
      return {
        kind: "idle",
        dueAt: numberOrNull(reply, 1),
        settled: decodeSettled(reply[2]),
        followers: nodes(reply, 3),
        cursor: number(reply, 4),
      };
    case "missing":
      return { kind: "missing" };
    case "torn":
      return { kind: "torn" };
    default:
      return unexpected("claim-session", reply);
  }
}

/** The columns of a settlement, empty where its kind has none. */
function encodeSettlement({ settlement }: AdvanceCommand) {
  const receipt = settlement.kind === "completed" || settlement.kind === "cancelled" ? settlement : null;
  const failed = settlement.kind === "failed" ? settlement : null;
  return {
    settlement: settlement.kind,
    contentDigest: receipt?.contentDigest ?? "",
    conversationDigest: receipt?.conversationDigest ?? "",
    messageCount: receipt?.messageCount ?? 0,
    digest: receipt?.digest ?? "",
    hasState: receipt !== null && receipt.state !== null,
    state: receipt?.state ?? "",
    hasOutput: receipt !== null && receipt.output !== null,
    output: receipt?.output ?? "",
    failure: failed === null ? "" : JSON.stringify(failed.failure),
    failureCode: failed?.failure.code ?? "",
    isRetryable: failed?.isRetryable ?? true,
    retryDelayMs: failed?.retryDelayMs ?? 0,
    isDelayExplicit: failed?.isDelayExplicit ?? false,
  };
}

/** Sent when nothing is to be staged next. */
const NO_OFFER: StagingOffer = { newRunId: "" as RunId, executors: [], maxInputs: 1, maxBytes: 0, batching: [] };

async function advance(options: RedisLedgerOptions, command: AdvanceCommand): Promise<AdvanceReply> {
  const { scripts, keys, timing, budget, ack } = options;
  const { member, list } = keys.session(command.ref);
  const reply = asReply(
    await scripts.run("advance-run", list, {
      member,
      node: command.node,
      ...command.fence,
      attempt: command.attempt,
      sequence: command.sequence,
      expectedPosition: command.expectedPosition,
      previousDigest: command.previousDigest,
      boundary: command.boundary,
      contributors: command.contributors.join(","),
      ...encodeSettlement(command),
      settlementDigest: command.settlementDigest,
      hasNext: command.next !== null,
      ...encodeOffer(command.next ?? NO_OFFER),
      leaseMs: timing.leaseMs,
      graceMs: timing.graceMs,
      rewakeMs: timing.rewakeMs,
      warmMs: timing.warmMs,
      maxFailures: budget.maxFailures,
    }),
  );
  return decodeAdvance(reply, command, ack());
}

function decodeAdvance(reply: Reply, { fence, settlement }: AdvanceCommand, ack: Ack): AdvanceReply {
  switch (tagOf(reply)) {
    case "committed":
      return {
        kind: "committed",
        isRepeat: text(reply, 1) === "1",
        position: number(reply, 2),
        committedAt: number(reply, 3),
        settled: decodeSettled(reply[4], {
          runId: fence.runId,
          ...(settlement.kind === "completed" ? { output: settlement.output } : {}),
          ...(settlement.kind === "failed" ? { failure: settlement.failure } : {}),
        }),
        next: decodeNext(asReply(reply[5])),
        followers: nodes(reply, 6),
        cursor: number(reply, 7),
        ack,
      };
    case "fenced":
      return { kind: "fenced" };
    case "conflict":
      return { kind: "conflict", position: number(reply, 1) };
    case "missing":
      return { kind: "missing" };
    case "torn":
      return { kind: "torn" };
    default:
      return unexpected("advance-run", reply);
  }
}

function decodeNext(reply: Reply): NextStep {
  switch (tagOf(reply)) {
    case "staged":
      return { kind: "staged", batch: decodeBatch(reply[1]) };
    case "more":
      return { kind: "more", epoch: number(reply, 1), dueAt: number(reply, 2) };
    case "rest":
      return { kind: "idle", dueAt: numberOrNull(reply, 1) };
    case "lost":
      return { kind: "lost" };
    default:
      return unexpected("advance-run", reply);
  }
}

async function renew(options: RedisLedgerOptions, holds: readonly Hold[]): Promise<RenewReply[]> {
  const replies: RenewReply[] = [];
  for (let from = 0; from < holds.length; from += SCRIPT_BATCH) {
    replies.push(...(await renewBatch(options, holds.slice(from, from + SCRIPT_BATCH))));
  }
  return replies;
}

async function renewBatch({ renewals, keys, timing }: RedisLedgerOptions, holds: readonly Hold[]) {
  const sessions = holds.map(({ ref, claimId }) => ({ claimId, ...keys.session(ref) }));
  const reply = asReply(
    await renewals.run(
      "renew-holds",
      sessions.flatMap(({ session, list }) => [session, list[2] as string]),
      {
        leaseMs: timing.leaseMs,
        graceMs: timing.graceMs,
        holds: sessions.flatMap(({ member, claimId }) => [member, claimId]),
      },
    ),
  );
  return reply.map((answer): RenewReply => {
    if (answer === "lost") return { kind: "lost" };
    return { kind: "renewed", cancelRequested: answer === "renewed" ? null : (String(answer) as RunId) };
  });
}

async function sweep({ scripts, keys, timing }: RedisLedgerOptions, limit: number) {
  const dueKeys = Array.from({ length: keys.buckets }, (_, bucket) => keys.due(bucket));
  const reply = await scripts.run("sweep-due", dueKeys, {
    limit: Math.min(limit, SCRIPT_BATCH),
    sweepDelayMs: timing.sweepDelayMs,
  });
  return asReply(reply).map((item) => decodeRef(text(asReply(item), 1)));
}

async function inspectDue(
  { scripts, keys, timing }: RedisLedgerOptions,
  ref: Parameters<Ledger["inspectDue"]>[0],
): Promise<DueReply> {
  const { member, list } = keys.session(ref);
  const reply = asReply(
    await scripts.run("inspect-due", list, {
      member,
      leaseMs: timing.leaseMs,
      graceMs: timing.graceMs,
      sweepDelayMs: timing.sweepDelayMs,
    }),
  );
  if (tagOf(reply) !== "wake") return { kind: tagOf(reply) === "chores" ? "chores" : "nothing" };
  const node = text(reply, 4);
  return {
    kind: "wake",
    epoch: number(reply, 1),
    sweeps: number(reply, 2),
    executor: text(reply, 3),
    node: node === "" ? null : (node as NodeId),
  };
}

async function settleChores(
  { scripts, keys, timing }: RedisLedgerOptions,
  ref: Parameters<Ledger["settleChores"]>[0],
): Promise<ChoresReply> {
  const { member, list } = keys.session(ref);
  const reply = asReply(await scripts.run("settle-chores", list, { member, rewakeMs: timing.rewakeMs }));
  if (tagOf(reply) !== "more" && tagOf(reply) !== "done") {
    return { kind: "done", settled: [], followers: [], cursor: 0 };
  }
  return {
    kind: tagOf(reply) === "more" ? "more" : "done",
    settled: decodeSettled(reply[1]),
    followers: nodes(reply, 2),
    cursor: number(reply, 3),
  };
}

async function watch(
  { scripts, keys }: RedisLedgerOptions,
  { ref, inputId, node }: Parameters<Ledger["watch"]>[0],
): Promise<WatchReply> {
  const reply = asReply(await scripts.run("watch-input", keys.session(ref).list, { inputId, node: node ?? "" }));
  switch (tagOf(reply)) {
    case "settled":
      return decodeWatched(reply);
    case "watching":
      return { kind: "watching", status: text(reply, 1) as InputStatus };
    default:
      return { kind: "missing", phase: text(reply, 1) === "" ? null : (text(reply, 1) as SessionPhase) };
  }
}

function decodeWatched(reply: Reply): WatchReply {
  const record = rowOf(RECORD, asReply(reply[1]));
  const receipt = reply[2] === "" ? null : rowOf(RECEIPT, asReply(reply[2]));
  const [output, failure] = [text(reply, 3), text(reply, 4)];
  const outcome = outcomeOf({
    status: record.status as InputStatus,
    detail: text(reply, 5),
    attempts: record.attempts,
    ...(receipt === null ? {} : { receipt: { runId: receipt.runId as RunId, position: record.position } }),
    ...(output === "" ? {} : { output: JSON.parse(output) as unknown }),
    ...(failure === "" ? {} : { failure: JSON.parse(failure) as FailureReport }),
  });
  if (outcome === null) return unexpected("watch-input", reply);
  return { kind: "settled", outcome };
}
