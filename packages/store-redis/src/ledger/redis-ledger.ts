import type {
  Ack,
  CancelMode,
  InputStatus,
  NodeId,
  Retention,
  RetryBudget,
  RunId,
  SessionPhase,
  Timing,
} from "@holdfast/contracts";
import { SCRIPT_BATCH } from "@holdfast/contracts";
import type {
  AdmitCommand,
  AdmitReply,
  AdvanceCommand,
  AdvanceReply,
  ChoresReply,
  ClaimCommand,
  ClaimReply,
  DueRef,
  DueReply,
  Hold,
  Ledger,
  RenewReply,
  WatchReply,
} from "@holdfast/runtime";
import type { MemoryWatch } from "../connection/memory-watch.ts";
import { type ConstantsText, encodeConstants, type ScriptRunner } from "../connection/script-runner.ts";
import { BLOBS_SUFFIX, decodeRef, INBOX_SUFFIX, type Keyspace, SCHEDULES_SUFFIX } from "../layout/keys.ts";
import { decodeAdmit, decodeAdvance, decodeClaim, decodeDue, decodeWatched } from "./decode-ledger-replies.ts";
import { encodeColumn, encodeOffer, encodeSettlement, encodeTimes } from "./encode-commands.ts";
import { afterSettled, asReply, decodeEnded, decodeSettled, nodes, number, tagOf, text } from "./replies.ts";

/** What the ledger adapter works with. */
export interface RedisLedgerOptions {
  readonly scripts: ScriptRunner;
  /** Renewals go on a connection of their own, so that a large reply cannot delay them. */
  readonly renewals: ScriptRunner;
  readonly keys: Keyspace;
  readonly timing: Timing;
  readonly budget: RetryBudget;
  readonly retention: Retention;
  /** Beyond its watermark, nothing new is admitted. */
  readonly memory: MemoryWatch;
  /** The level this store acknowledges at, and its timeline. */
  readonly ack: () => Ack;
}

/** The ledger on Redis: one script per operation. */
export function createRedisLedger(settings: RedisLedgerOptions): Ledger {
  const options = { ...settings, constants: createConstants(settings) };
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

/** What the busiest scripts take that does not change from call to call. */
interface LedgerConstants {
  readonly admit: ConstantsText<"admit-input">;
  claim(node: NodeId): ConstantsText<"claim-session">;
  advance(node: NodeId): ConstantsText<"advance-run">;
}

interface LedgerParts extends RedisLedgerOptions {
  readonly constants: LedgerConstants;
}

function createConstants({ timing, budget, retention }: RedisLedgerOptions): LedgerConstants {
  return {
    admit: encodeConstants("admit-input", { ...timing, ...retention }),
    claim: perNode((node) => encodeConstants("claim-session", { ...timing, ...budget, node })),
    advance: perNode((node) => encodeConstants("advance-run", { ...timing, ...budget, ...retention, node })),
  };
}

/** A process is one node, or a few in tests. */
function perNode<T>(make: (node: NodeId) => T): (node: NodeId) => T {
  const known = new Map<NodeId, T>();
  return (node) => {
    const made = known.get(node) ?? make(node);
    known.set(node, made);
    return made;
  };
}

async function admit(parts: LedgerParts, command: AdmitCommand): Promise<AdmitReply> {
  const { scripts, keys, constants, memory, ack } = parts;
  const { input, columns } = command;
  const { member, list } = keys.session(command.ref);
  const shortage = memory.isFull() ? await memory.findShortage() : null;
  const reply = asReply(
    await scripts.run(
      "admit-input",
      list,
      {
        member,
        inputId: input.id,
        keyedId: input.keyedId ?? "",
        fingerprint: input.fingerprint,
        isPrompt: input.isPrompt,
        isEphemeral: input.isEphemeral,
        isWaking: columns.idle.wake !== "none",
        scope: input.scope ?? "",
        notBeforeAt: input.notBeforeAt,
        ...encodeTimes(command),
        revision: command.settingsRevision,
        idle: encodeColumn(command, "idle"),
        live: encodeColumn(command, "live"),
        node: command.replyTo ?? "",
        correlationId: encodeURIComponent(input.correlationId ?? ""),
        redriveOf: command.redriveOf ?? "",
        toldThrough: command.toldThrough ?? 0,
        maxPending: command.maxPending ?? 0,
        isStoreFull: shortage !== null,
        payload: input.payload,
      },
      constants.admit,
    ),
  );
  if (shortage !== null && tagOf(reply) === "store_full") return { kind: "store_full", ...shortage };
  return decodeAdmit(reply, input.id, ack());
}

async function claim({ scripts, keys, constants }: LedgerParts, command: ClaimCommand): Promise<ClaimReply> {
  const { member, list } = keys.session(command.ref);
  const reply = asReply(
    await scripts.run(
      "claim-session",
      list,
      {
        member,
        claimId: command.claimId,
        cachedDigest: command.cachedDigest ?? "",
        ...encodeOffer(command.offer),
      },
      constants.claim(command.node),
    ),
  );
  return decodeClaim(reply);
}

async function advance(options: LedgerParts, command: AdvanceCommand): Promise<AdvanceReply> {
  const { scripts, keys, constants, ack } = options;
  const { member, list } = keys.session(command.ref);
  const reply = asReply(
    await scripts.run(
      "advance-run",
      list,
      {
        member,
        ...command.fence,
        attempt: command.attempt,
        sequence: command.sequence,
        expectedPosition: command.expectedPosition,
        previousDigest: command.previousDigest,
        boundary: command.boundary,
        contributors: command.contributors.join(","),
        ...encodeSettlement(command.settlement),
        settlementDigest: command.settlementDigest,
        ...encodeOffer(command.next),
      },
      constants.advance(command.node),
    ),
  );
  return decodeAdvance(reply, command, ack());
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
      sessions.flatMap(({ session, due }) => [session, due]),
      {
        leaseMs: timing.leaseMs,
        graceMs: timing.graceMs,
        holds: sessions.flatMap(({ member, claimId }) => [member, claimId]),
      },
    ),
  );
  return reply.map((answer): RenewReply => {
    if (answer === "lost") return { kind: "lost" };
    const [runId, mode, attention] = String(answer).split("|") as [RunId, CancelMode | "", string];
    return { kind: "renewed", cancel: mode === "" ? null : { runId, mode }, isAttentionAsked: attention === "1" };
  });
}

/** What lies beside a session, by how the `due` index tells it from the session. */
const PARTS: Readonly<Record<string, NonNullable<DueRef["part"]>>> = {
  [INBOX_SUFFIX]: "inbox",
  [SCHEDULES_SUFFIX]: "schedules",
  [BLOBS_SUFFIX]: "blobs",
};
const SUFFIX_LENGTH = INBOX_SUFFIX.length;

async function sweep({ scripts, keys, timing }: RedisLedgerOptions, limit: number) {
  // A sweep takes a bounded number of sessions: beginning anywhere, it starves no bucket behind a full one.
  const first = Math.floor(Math.random() * keys.buckets);
  const dueKeys = Array.from({ length: keys.buckets }, (_, offset) => keys.due((first + offset) % keys.buckets));
  const reply = await scripts.run("sweep-due", dueKeys, {
    limit: Math.min(limit, SCRIPT_BATCH),
    sweepDelayMs: timing.sweepDelayMs,
  });
  return asReply(reply).map((item) => {
    const member = text(asReply(item), 1);
    const part = PARTS[member.slice(-SUFFIX_LENGTH)];
    return { ...decodeRef(member), ...(part === undefined ? {} : { part }) };
  });
}

async function inspectDue(
  { scripts, keys, timing }: RedisLedgerOptions,
  ref: Parameters<Ledger["inspectDue"]>[0],
): Promise<DueReply> {
  const { member, list } = keys.session(ref);
  const reply = asReply(
    await scripts.run("inspect-due", list, {
      member,
      graceMs: timing.graceMs,
      sweepDelayMs: timing.sweepDelayMs,
    }),
  );
  return decodeDue(reply);
}

async function settleChores(
  { scripts, keys, timing }: RedisLedgerOptions,
  ref: Parameters<Ledger["settleChores"]>[0],
): Promise<ChoresReply> {
  const { member, list } = keys.session(ref);
  const reply = asReply(
    await scripts.run("settle-chores", list, {
      member,
      rewakeMs: timing.rewakeMs,
      collectAfterMs: timing.collectAfterMs,
    }),
  );
  if (tagOf(reply) !== "more" && tagOf(reply) !== "done") {
    return { kind: "done", settled: [], ended: [], endedWait: null, followers: [], cursor: 0 };
  }
  return {
    kind: tagOf(reply) === "more" ? "more" : "done",
    settled: decodeSettled(reply, 3),
    ...decodeEnded(reply, afterSettled(reply, 3)),
    followers: nodes(reply, 1),
    cursor: number(reply, 2),
  };
}

async function watch(
  { scripts, keys }: RedisLedgerOptions,
  { ref, inputId, node }: Parameters<Ledger["watch"]>[0],
): Promise<WatchReply> {
  const reply = asReply(await scripts.run("watch-input", keys.session(ref).list, { inputId, node: node ?? "" }));
  switch (tagOf(reply)) {
    case "settled":
    case "gone":
      return decodeWatched(reply);
    case "watching":
      return { kind: "watching", status: text(reply, 1) as InputStatus };
    default:
      return { kind: "missing", phase: text(reply, 1) === "" ? null : (text(reply, 1) as SessionPhase) };
  }
}
