/**
 * What can happen to a store, as data: small numbers that the player turns into
 * calls by what happened before. Any list of commands can be played, so a failing
 * one can be cut down to those that matter.
 */
import { OverlapPolicy } from "@holdfast/contracts";
import fc from "fast-check";
import { COMPANION_COMMANDS, type CompanionCommand } from "./companion-command.ts";
import { OPERATION_COMMANDS, type OperationCommand } from "./operation-command.ts";
import { STREAM, STREAM_COMMANDS, type StreamCommand } from "./stream-command.ts";

/** One of the player's sessions, 0 or 1. */
type SessionIndex = number;

/** Picks among what is known by counting back from the latest; 0 is the latest. */
type Back = number;

/** A kind of input the player sends. */
const SENT_KINDS = [
  "prompt",
  "event",
  "steered",
  "scoped",
  "progress",
  "peer_steered",
  "silent",
  "operation",
  "continuation",
  "ephemeral",
] as const;

/** See {@link SENT_KINDS}. */
export type SentKind = (typeof SENT_KINDS)[number];

/** What is wrong with a settlement that a worker sends. */
const FLAWS = [
  "none",
  "token",
  "claim",
  "run",
  "position",
  "digest",
  "sequence",
  "contributors",
  "settlement",
  "attempt",
] as const;

/** What a session is bound to. */
const BINDINGS = ["none", "hold", "defer", "other", "ranged"] as const;

/** Verbs of the control port. */
export const VERBS = ["retire", "recycle", "reset", "recover", "stop", "destroy"] as const;

/** How an attempt ends, and what the worker would take next. */
export interface Settling {
  readonly settlement:
    | "completed"
    | "with_state"
    | "callback"
    | "cancelled"
    | "rolled_back"
    | "asleep"
    | "suspended"
    | "awaiting"
    | "superseded"
    | "failed"
    | "delayed"
    | "fatal"
    | "released";
  readonly delayMs: number;
  readonly isKept: boolean;
  readonly isBatching: boolean;
  readonly maxInputs: number;
}

/** One thing that happens. */
export type DifferentialCommand = SessionCommand | OperationCommand | CompanionCommand | StreamCommand;

/** One thing that happens to a session and its work. */
export type SessionCommand =
  | {
      readonly type: "admit";
      readonly session: SessionIndex;
      readonly kind: SentKind;
      readonly key: number | null;
      readonly variant: number;
      readonly hasOwnId: boolean;
      readonly delayMs: number;
      readonly queue: "supersede" | "coalesce" | null;
      readonly overlap: OverlapPolicy | null;
      /** From now; 0 for never. */
      readonly expiresInMs: number;
      readonly isWithoutWake: boolean;
      readonly isAwaited: boolean;
      readonly isStale: boolean;
    }
  | { readonly type: "flood"; readonly session: SessionIndex; readonly count: number; readonly delayMs: number }
  | { readonly type: "repeat_admit"; readonly back: Back }
  | { readonly type: "redrive"; readonly back: Back }
  | { readonly type: "discard"; readonly back: Back }
  | {
      readonly type: "claim";
      readonly session: SessionIndex;
      readonly worker: number;
      readonly cached: "none" | "current" | "old";
      readonly maxInputs: number;
      readonly maxBytes: number;
      readonly isBatching: boolean;
    }
  | { readonly type: "repeat_claim"; readonly back: Back }
  | ({ readonly type: "advance"; readonly back: Back; readonly flaw: (typeof FLAWS)[number] } & Settling)
  /** What takes the session on: whatever it needs first, a claim, or the settlement of what is in hand. */
  | ({ readonly type: "work"; readonly session: SessionIndex; readonly worker: number } & Settling)
  | { readonly type: "repeat_advance"; readonly back: Back }
  | { readonly type: "renew"; readonly count: number }
  | { readonly type: "sweep"; readonly limit: number }
  | { readonly type: "inspect"; readonly session: SessionIndex }
  | { readonly type: "chores"; readonly session: SessionIndex }
  | { readonly type: "watch"; readonly back: Back; readonly node: number | null }
  | {
      readonly type: "control";
      readonly session: SessionIndex;
      readonly verb: (typeof VERBS)[number];
      readonly request: number | null;
      readonly isDryRun: boolean;
    }
  | {
      readonly type: "interrupt";
      readonly session: SessionIndex;
      readonly mode: "interrupt" | "rollback" | "boundary";
      readonly run: "any" | "current" | "other";
      readonly request: number | null;
      readonly isDryRun: boolean;
    }
  | { readonly type: "unregister"; readonly session: SessionIndex; readonly request: number | null }
  | {
      readonly type: "oblige";
      readonly session: SessionIndex;
      readonly obligation: "loop" | "drain" | "waiters";
      readonly by: "note" | "check" | "force";
    }
  | { readonly type: "remove"; readonly session: SessionIndex }
  | {
      readonly type: "register";
      readonly session: SessionIndex;
      readonly binding: "none" | "hold" | "defer" | "other" | "ranged";
      readonly hasSettings: boolean;
      readonly mayRevive: boolean;
    }
  | {
      readonly type: "configure";
      readonly session: SessionIndex;
      readonly isSilent: boolean;
      /** Few operations at a time, and few that are kept. */
      readonly isNarrow: boolean;
    }
  | { readonly type: "follow"; readonly session: SessionIndex; readonly node: number; readonly forMs: number }
  | { readonly type: "step"; readonly back: Back; readonly at: "next" | "again" | "gap"; readonly key: number }
  | { readonly type: "steps"; readonly back: Back; readonly count: number }
  | { readonly type: "adopt"; readonly executor: number; readonly limit: number }
  | { readonly type: "read"; readonly session: SessionIndex; readonly after: number; readonly limit: number }
  /** An inner boundary of a batch, a look into its inbox, or both. */
  | {
      readonly type: "checkpoint";
      readonly back: Back;
      readonly commits: "nothing" | "boundary" | "state";
      readonly limit: number;
      readonly call: "next" | "again" | "gap";
      readonly flaw: "none" | "position" | "contributors" | "token";
    }
  /** Takes a session on until a run of it is suspended on an operation in progress; and that one ends. */
  | { readonly type: "suspend_on"; readonly session: number; readonly isKept: boolean }
  | { readonly type: "end_awaited"; readonly session: number }
  | { readonly type: "resume"; readonly back: Back; readonly request: number | null }
  | { readonly type: "stall"; readonly back: Back }
  | { readonly type: "tick"; readonly ms: number }
  | { readonly type: "crash"; readonly worker: number }
  /** The answer to the next call is lost, and whoever made it sends it again. */
  | { readonly type: "lose_reply" }
  /** Whoever has the session in hand dies, and its lease ends. */
  | { readonly type: "lose"; readonly session: SessionIndex };

const session = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) });
const recent = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(3) }, fc.nat(30));
const request = fc.oneof(fc.constant(null), fc.nat(3));
const limitInputs = fc.constantFrom(100, 100, 1, 2, 3);
const limitBytes = fc.constantFrom(1_000_000, 1_000_000, 1, 700);
const rarely = fc.constantFrom(false, false, false, false, true);
/** Times at which something is due, and one millisecond to either side. */
const moment = fc.constantFrom(
  ...[0, 500, 1_000, 1_500, 3_000, 10_000, 11_000, 30_000, 60_000]
    .flatMap((ms) => [ms - 1, ms, ms + 1])
    .filter((ms) => ms >= 0),
);

const admit = fc.record({
  type: fc.constant("admit" as const),
  session,
  kind: fc.constantFrom(...SENT_KINDS, "prompt" as const, "event" as const, "event" as const),
  key: fc.oneof(fc.constant(null), fc.nat(4)),
  variant: fc.constantFrom(0, 0, 0, 1),
  hasOwnId: rarely,
  delayMs: fc.constantFrom(0, 0, 0, 0, -5, 1_000, 1_000, 11_000),
  queue: fc.constantFrom(null, null, null, "supersede" as const, "coalesce" as const),
  overlap: fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    { weight: 2, arbitrary: fc.constantFrom(...OverlapPolicy.options) },
    { weight: 1, arbitrary: fc.constantFrom<OverlapPolicy[]>("merge", "merge", "debounce", "latest") },
  ),
  expiresInMs: fc.constantFrom(0, 0, 0, 0, 0, 1, 1_000, 1_001, 11_000),
  isWithoutWake: rarely,
  isAwaited: fc.boolean(),
  isStale: fc.constantFrom(false, false, false, false, false, false, false, false, true),
});

const claim = fc.record({
  type: fc.constant("claim" as const),
  session,
  worker: fc.constantFrom(0, 0, 0, 1, 1, 2),
  cached: fc.constantFrom("none" as const, "current" as const, "old" as const),
  maxInputs: limitInputs,
  maxBytes: limitBytes,
  isBatching: rarely,
});

const settling = {
  settlement: fc.constantFrom<Settling["settlement"][]>(
    "completed",
    "completed",
    "with_state",
    "callback",
    "cancelled",
    "rolled_back",
    "asleep",
    "suspended",
    "suspended",
    "awaiting",
    "awaiting",
    "superseded",
    "failed",
    "failed",
    "delayed",
    "fatal",
    "released",
  ),
  delayMs: moment,
  isKept: fc.constantFrom(true, true, false),
  isBatching: rarely,
  maxInputs: limitInputs,
};

const advance = fc.record({
  type: fc.constant("advance" as const),
  ...settling,
  back: recent,
  flaw: fc.oneof({ weight: 3, arbitrary: fc.constant("none" as const) }, fc.constantFrom(...FLAWS)),
});

const work = fc.record({
  type: fc.constant("work" as const),
  ...settling,
  session,
  worker: fc.constantFrom(0, 0, 0, 1),
});

/** As `work`, by an executor that rarely succeeds. */
const badWork = fc.record({
  type: fc.constant("work" as const),
  ...settling,
  settlement: fc.constantFrom<Settling["settlement"][]>(
    "failed",
    "failed",
    "failed",
    "delayed",
    "released",
    "completed",
  ),
  session: fc.constant(0),
  worker: fc.constantFrom(0, 0, 0, 1),
});

const control = fc.record({
  type: fc.constant("control" as const),
  session,
  verb: fc.constantFrom(...VERBS.slice(0, -1), ...VERBS.slice(0, -1), ...VERBS),
  request,
  isDryRun: rarely,
});

const register = fc.record({
  type: fc.constant("register" as const),
  session,
  binding: fc.constantFrom(...BINDINGS, "hold" as const),
  hasSettings: rarely,
  mayRevive: fc.constantFrom(true, true, false),
});

const of = <T extends SessionCommand["type"]>(type: T) => ({ type: fc.constant(type) });

const step = fc.record({
  ...of("step"),
  back: recent,
  at: fc.constantFrom<("next" | "again" | "gap")[]>("next", "next", "again", "gap"),
  key: fc.nat(2),
});

const interrupt = fc.record({
  ...of("interrupt"),
  session,
  run: fc.constantFrom<("any" | "current" | "other")[]>("any", "current", "other"),
  mode: fc.constantFrom("interrupt" as const, "rollback" as const, "boundary" as const),
  request,
  isDryRun: rarely,
});

const oblige = fc.record({
  ...of("oblige"),
  session: fc.constant(0),
  obligation: fc.constantFrom("loop" as const, "drain" as const, "waiters" as const),
  by: fc.constantFrom("note" as const, "check" as const, "check" as const, "force" as const),
});

const checkpoint = fc.record({
  ...of("checkpoint"),
  back: recent,
  commits: fc.constantFrom<("nothing" | "boundary" | "state")[]>("nothing", "boundary", "state"),
  limit: fc.constantFrom(0, 1, 2, 100),
  call: fc.constantFrom<("next" | "again" | "gap")[]>("next", "next", "next", "again", "gap"),
  flaw: fc.constantFrom<("none" | "position" | "contributors" | "token")[]>(
    ...Array.from({ length: 12 }, () => "none" as const),
    "position",
    "contributors",
    "token",
  ),
});

const configure = fc.record({ ...of("configure"), session, isSilent: fc.boolean(), isNarrow: fc.boolean() });

const lose = fc.record({ ...of("lose"), session: fc.constant(0) });

type Weighted = fc.WeightedArbitrary<DifferentialCommand>;

/** Everything that can happen, as often as it is worth. */
const ANYTHING: readonly Weighted[] = [
  { weight: 40, arbitrary: admit },
  { weight: 12, arbitrary: claim },
  { weight: 16, arbitrary: advance },
  { weight: 70, arbitrary: work },
  { weight: 12, arbitrary: lose },
  { weight: 12, arbitrary: fc.record(of("lose_reply")) },
  { weight: 20, arbitrary: fc.record({ ...of("tick"), ms: fc.oneof(moment, moment, moment, fc.constant(-25_000)) }) },
  { weight: 8, arbitrary: control },
  { weight: 8, arbitrary: register },
  { weight: 8, arbitrary: fc.record({ ...of("chores"), session }) },
  { weight: 10, arbitrary: step },
  { weight: 8, arbitrary: fc.record({ ...of("repeat_advance"), back: recent }) },
  { weight: 6, arbitrary: fc.record({ ...of("repeat_claim"), back: recent }) },
  { weight: 4, arbitrary: fc.record({ ...of("repeat_admit"), back: recent }) },
  { weight: 6, arbitrary: fc.record({ ...of("sweep"), limit: fc.constantFrom(1, 10) }) },
  { weight: 6, arbitrary: fc.record({ ...of("inspect"), session }) },
  { weight: 6, arbitrary: fc.record({ ...of("renew"), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 6, arbitrary: fc.record({ ...of("watch"), back: recent, node: fc.oneof(fc.constant(null), fc.nat(2)) }) },
  { weight: 4, arbitrary: interrupt },
  { weight: 3, arbitrary: fc.record({ ...of("unregister"), session: fc.constant(0), request }) },
  { weight: 9, arbitrary: oblige },
  { weight: 5, arbitrary: fc.record({ ...of("remove"), session: fc.constant(0) }) },
  { weight: 4, arbitrary: fc.record({ ...of("redrive"), back: recent }) },
  { weight: 2, arbitrary: fc.record({ ...of("discard"), back: recent }) },
  { weight: 36, arbitrary: checkpoint },
  { weight: 10, arbitrary: fc.record({ ...of("resume"), back: fc.nat(3), request }) },
  { weight: 3, arbitrary: fc.record({ ...of("stall"), back: recent }) },
  { weight: 4, arbitrary: fc.record({ ...of("follow"), session, node: fc.nat(2), forMs: moment }) },
  { weight: 3, arbitrary: fc.record({ ...of("adopt"), executor: fc.nat(1), limit: fc.constantFrom(1, 10) }) },
  { weight: 4, arbitrary: fc.record({ ...of("read"), session, after: fc.nat(5), limit: fc.constantFrom(1, 3, 500) }) },
  { weight: 2, arbitrary: configure },
  { weight: 2, arbitrary: fc.record({ ...of("steps"), back: recent, count: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ ...of("crash"), worker: fc.nat(1) }) },
  ...COMPANION_COMMANDS,
  ...STREAM_COMMANDS,
];

const flood = fc.record({
  ...of("flood"),
  session,
  count: fc.constantFrom(3, 5, 110),
  delayMs: fc.constantFrom(0, 0, 1_000),
});

/** What leads to runs that wait for operations, and on from there. */
const AWAITING_COMMANDS: readonly Weighted[] = [
  { weight: 130, arbitrary: fc.record({ ...of("suspend_on"), session: fc.constant(0), isKept: fc.boolean() }) },
  { weight: 24, arbitrary: fc.record({ ...of("end_awaited"), session: fc.constant(0) }) },
  { weight: 6, arbitrary: fc.record({ ...of("tick"), ms: fc.constantFrom(10_000, 20_000, 30_000) }) },
  { weight: 6, arbitrary: fc.record({ ...of("chores"), session }) },
];

/** As often as in a life that is about them. */
function often<T>({ weight, arbitrary }: fc.WeightedArbitrary<T>): fc.WeightedArbitrary<T> {
  return { weight: 4 * weight, arbitrary };
}

function lifeOf(commands: readonly Weighted[], maxLength: number): fc.Arbitrary<DifferentialCommand[]> {
  return fc.array(fc.oneof(...commands), { minLength: 1, maxLength, size: "max" });
}

/**
 * A life of a store. Some are hard: most attempts fail, or most holders die, so
 * that budgets are spent and batches taken apart; some are crowded; some are about
 * background operations, or runs that wait for them.
 */
export function anyCommands(maxLength = 64): fc.Arbitrary<DifferentialCommand[]> {
  const steering = { weight: 60, arbitrary: checkpoint };
  const operating = [...ANYTHING, ...OPERATION_COMMANDS.map(often), { weight: 4, arbitrary: configure }];
  const streaming = { weight: 60, arbitrary: STREAM };
  const failing = [...ANYTHING, steering, streaming, { weight: 200, arbitrary: badWork }];
  const losing = [...ANYTHING, steering, streaming, { weight: 80, arbitrary: work }, { weight: 100, arbitrary: lose }];
  const waiting = [...ANYTHING, ...AWAITING_COMMANDS.map(often)];
  const crowded = [...ANYTHING, { weight: 12, arbitrary: flood }];
  return fc.oneof(
    { weight: 5, arbitrary: lifeOf(ANYTHING, maxLength) },
    { weight: 2, arbitrary: lifeOf(failing, maxLength) },
    { weight: 2, arbitrary: lifeOf(losing, maxLength) },
    { weight: 2, arbitrary: lifeOf(waiting, maxLength) },
    { weight: 1, arbitrary: lifeOf(crowded, Math.ceil(maxLength / 2)) },
    { weight: 3, arbitrary: lifeOf(operating, maxLength) },
  );
}
