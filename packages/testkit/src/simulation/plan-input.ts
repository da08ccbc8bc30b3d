import { isoOf, type NewInput } from "@holdfast/contracts";
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
  operation: (_, number) => ({ kind: "operation", operationId: `o${number}`, event: { type: "progress" } }),
  continuation: (chance, number) => ({
    kind: "continuation",
    reason: `c${number}`,
    handlingMode: chance.pick(["queue", "steer"] as const),
  }),
} as const satisfies Record<string, Draw>;

/** The intent that simulated sessions are told to be silent about. */
export const SILENT_INTENT = "quiet";

const KINDS: readonly InputKind[] = [
  ...Array<InputKind>(8).fill("prompt"),
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
  "operation",
  "continuation",
];

/** Draws an input. */
export function drawInput(
  chance: Chance,
  { number, session, at }: { readonly number: number; readonly session: number; readonly at: number },
): InputPlan {
  const kind = chance.pick(KINDS);
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
