import { isoOf, type NewInput, type OverlapPolicy } from "@holdfast/contracts";
import type { Chance } from "./chance.ts";
import { STARTS_AT } from "./starts-at.ts";

/** One input that a client is told to send. */
export interface InputPlan {
  readonly number: number;
  readonly session: number;
  readonly kind: InputKind;
  /** With a key it may be sent again. */
  readonly hasKey: boolean;
  readonly isWithoutWake: boolean;
  /** How often a client tries before it gives up on an answer. */
  readonly tries: number;
  readonly input: NewInput;
}

/** The shapes that are sent. */
export type InputKind = keyof typeof DRAW;

const external = { type: "external", sourceName: "simulation" } as const;

type Draw = (chance: Chance, number: number, at: number) => NewInput;

const prompt: Draw = (_, number) => ({ kind: "prompt", text: `p${number}` });

const asking =
  (overlap: Exclude<OverlapPolicy, "debounce">): Draw =>
  (_, number) => ({ kind: "prompt", text: `a${number}`, overlap });

const DRAW = {
  prompt,
  silent_prompt: prompt,
  steer: (_, number) => ({ kind: "prompt", text: `s${number}`, turnMetadata: { handlingMode: "steer" } }),
  event: (chance, number) => ({
    kind: "external_event",
    eventType: "changed",
    payload: number,
    source: external,
    handlingMode: chance.pick(["queue", "steer"] as const),
  }),
  progress: (chance, number) => ({
    kind: "peer",
    body: `g${number}`,
    source: { type: "peer", peerId: "peer" },
    convention: { type: "response_progress", requestId: "request", phase: "in_progress" },
    supersessionKey: chance.pick(["one", "other"]),
  }),
  silent_request: (chance, number) => ({
    kind: "peer",
    body: `q${number}`,
    source: { type: "peer", peerId: "peer" },
    convention: { type: "request", requestId: "request", intent: chance.pick([SILENT_INTENT, SILENT_INTENT, "loud"]) },
  }),
  later: (chance, number, at) => ({
    kind: "prompt",
    text: `l${number}`,
    notBefore: isoOf(STARTS_AT + at + chance.between(-500, 3_000)),
  }),
  expiring: (chance, number, at) => ({
    kind: "prompt",
    text: `x${number}`,
    expiresAt: isoOf(STARTS_AT + at + chance.between(20, 3_000)),
  }),
  ask_queue: asking("queue"),
  ask_steer: asking("steer"),
  interrupt: asking("interrupt"),
  rollback: asking("rollback"),
  latest: asking("latest"),
  // With a full stop, so that no text is the beginning of another one.
  merge: (_, number) => ({ kind: "prompt", text: `m${number}.`, overlap: "merge" }),
  debounce: (chance, number) => ({
    kind: "prompt",
    text: `b${number}`,
    overlap: { policy: "debounce", windowMs: chance.pick([20, 200, 1_000]) },
  }),
  drop: asking("drop"),
  hold: asking("hold"),
  operation: (_, number) => ({ kind: "operation", operationId: `o${number}`, event: { type: "progress" } }),
  continuation: (chance, number) => ({
    kind: "continuation",
    reason: `c${number}`,
    handlingMode: chance.pick(["queue", "steer"] as const),
  }),
} as const satisfies Record<string, Draw>;

/** The intent that simulated sessions are told to be silent about. */
export const SILENT_INTENT = "quiet";

/** What is sent in most lives. */
const USUAL: readonly InputKind[] = [
  ...Array<InputKind>(9).fill("prompt"),
  "steer",
  "steer",
  "event",
  "event",
  "event",
  "progress",
  "progress",
  "silent_request",
  "silent_prompt",
  "later",
  "later",
  "expiring",
  "operation",
  "continuation",
  "ask_queue",
  "ask_steer",
  "interrupt",
  "rollback",
  "latest",
  "merge",
  "debounce",
  "drop",
  "hold",
];

/** What is sent in lives that are about one thing, because it takes several of a kind to show. */
const THEMES: readonly (readonly InputKind[])[] = [
  ["prompt", "merge", "merge", "merge", "hold"],
  ["prompt", "debounce", "debounce", "later"],
  ["prompt", "prompt", "latest", "ask_queue", "silent_prompt"],
  ["prompt", "prompt", "interrupt", "rollback", "steer"],
  ["prompt", "steer", "steer", "ask_steer", "event"],
  ["prompt", "expiring", "expiring", "drop", "hold"],
];

/** Draws which kinds a life has. */
export function drawKinds(chance: Chance): readonly InputKind[] {
  return chance.isHit(0.3) ? chance.pick(THEMES) : USUAL;
}

/** Which input is drawn, and from what. */
interface InputSlot {
  readonly number: number;
  readonly session: number;
  readonly at: number;
  readonly kinds: readonly InputKind[];
}

/** Draws an input. */
export function drawInput(chance: Chance, { number, session, at, kinds }: InputSlot): InputPlan {
  const kind = chance.pick(kinds);
  const hasKey = chance.isHit(0.85);
  const input = DRAW[kind](chance, number, at);
  return {
    number,
    session,
    kind,
    hasKey,
    isWithoutWake: kind === "silent_prompt",
    tries: hasKey ? chance.pick([1, 3, 8, 8]) : 1,
    input: hasKey ? { ...input, idempotencyKey: `k${number}` } : input,
  };
}
