import * as z from "zod";
import { ControlVerb } from "./control.ts";
import { InputId, NodeId, RunId } from "./ids.ts";
import { CancelMode, Suspension } from "./run.ts";
import { SessionPhase, SessionState } from "./session.ts";

/** What a session waits for. `nothing` means that there is no work it could do. */
export const WaitsFor = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("nothing") }),
  z.strictObject({
    kind: z.literal("run"),
    runId: RunId,
    attempt: z.int().positive(),
    workerId: NodeId,
    stagedAt: z.iso.datetime(),
    leaseUntil: z.iso.datetime(),
    isLeaseLive: z.boolean(),
    /** How the run was asked to end; `null` while nobody did. */
    cancelMode: CancelMode.nullable(),
    /** When it was noted that nothing was seen of it for long; `null` while it was not. */
    stalledAt: z.iso.datetime().nullable(),
  }),
  /** Selectable work; a worker takes it by `dueAt` at the latest. */
  z.strictObject({ kind: z.literal("worker"), dueAt: z.iso.datetime(), fruitlessSweeps: z.int().nonnegative() }),
  z.strictObject({ kind: z.literal("time"), inputId: InputId, at: z.iso.datetime(), failures: z.int().nonnegative() }),
  /** A run goes on at this time: it is suspended until then, or its last attempt failed. */
  z.strictObject({ kind: z.literal("timer"), runId: RunId, at: z.iso.datetime() }),
  /** Nothing is queued; suspended runs with so many inputs wait for what they are suspended on. `runs` are some of the oldest. */
  z.strictObject({
    kind: z.literal("resumption"),
    inputs: z.int().positive(),
    runs: z.array(z.strictObject({ runId: RunId, on: Suspension })),
  }),
  z.strictObject({ kind: z.literal("binding") }),
  /** Work is queued, none of which wakes the session. */
  z.strictObject({ kind: z.literal("wake"), silentInputs: z.int().positive() }),
  /** Nobody hosts it in one of the versions; `announced` are those that workers do host. */
  z.strictObject({
    kind: z.literal("executor"),
    executor: z.string(),
    versions: z.string().optional(),
    announced: z.array(z.string()),
  }),
  z.strictObject({ kind: z.literal("operator"), phase: SessionPhase }),
  /** A script on the session was torn: every call is refused until somebody has put its rows right. */
  z.strictObject({ kind: z.literal("repair") }),
]);
/** See {@link WaitsFor}. */
export type WaitsFor = z.infer<typeof WaitsFor>;

/** The answer to "why does this session stand still?". */
export const Explanation = z.strictObject({
  phase: SessionPhase,
  state: SessionState,
  waitsFor: WaitsFor,
  /** One sentence for people. */
  summary: z.string(),
  legalVerbs: z.array(ControlVerb),
});
/** See {@link Explanation}. */
export type Explanation = z.infer<typeof Explanation>;
