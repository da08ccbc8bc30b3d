import * as z from "zod";
import { MIN_KEPT, MIN_KEPT_BYTES, MIN_KEPT_MS } from "./defaults.ts";
import { OperationLimits } from "./operation.ts";
import { Overlap } from "./overlap.ts";

/** Stored phases. Beside them, never inside: the staged run, the binding, the claim. */
export const SessionPhase = z.enum(["idle", "recovering", "retired", "draining", "stopped", "destroyed"]);
/** See {@link SessionPhase}. */
export type SessionPhase = z.infer<typeof SessionPhase>;

/** What callers see: the phase, with a bound session at rest told from one at work. Never stored. */
export const SessionState = z.enum([...SessionPhase.options, "attached", "running"]);
/** See {@link SessionState}. */
export type SessionState = z.infer<typeof SessionState>;

/**
 * What a failed input does to those behind it: `hold` keeps strict order and
 * blocks the lane until the budget is spent, `defer` moves it behind the backlog.
 */
export const FailureMode = z.enum(["hold", "defer"]);
/** See {@link FailureMode}. */
export type FailureMode = z.infer<typeof FailureMode>;

/** Which executor runs a session. Every worker that hosts it, in one of the versions, may; no other does. */
export const Binding = z.strictObject({
  executor: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "is not an executor name: letters, digits, dot, dash, underscore"),
  onFailure: FailureMode.default("hold"),
  /** Versions of the executor that may run the session, as a semantic range; absent for any. */
  versions: z
    .string()
    .regex(/^[0-9A-Za-z.+*<>=~^|\- ]{1,128}$/, "is not a range of versions, such as ^2.1 or >=1.4 <3")
    .exactOptional(),
});
/** See {@link Binding}. */
export type Binding = z.infer<typeof Binding>;

/** What a session keeps of what is over, where that is less than its store keeps. */
export const SessionRetention = z.strictObject({
  /** Latest inputs. */
  keepInputs: z.int().min(MIN_KEPT).exactOptional(),
  /** Latest events. */
  keepEvents: z.int().min(MIN_KEPT).exactOptional(),
  /** Milliseconds since its admission for which an input that has ended is kept, and events are. */
  keepMs: z.int().min(MIN_KEPT_MS).exactOptional(),
  /** Bytes of inputs that have ended and of events. */
  keepBytes: z.int().min(MIN_KEPT_BYTES).exactOptional(),
});
/** See {@link SessionRetention}. */
export type SessionRetention = z.infer<typeof SessionRetention>;

/** What admission policy depends on, per session; carries a revision so that a stale resolution is noticed. */
export const SessionSettings = z.strictObject({
  /** Peer requests with one of these intents are queued without waking the session. */
  silentIntents: z.array(z.string()).max(1_000).default([]),
  /** For prompts, messages, requests, flow steps and events that ask for none and for no handling mode. */
  overlap: Overlap.optional(),
  /** Bounds on background operations; absent means the defaults. */
  operations: OperationLimits.optional(),
  /** Inputs that may be queued or wait for a time; absent means what the process that sends is configured with. */
  pendingInputs: z.int().min(1).max(1_000_000_000).optional(),
  /** Absent means what the store keeps. */
  retention: SessionRetention.optional(),
});
/** See {@link SessionSettings}. */
export type SessionSettings = z.infer<typeof SessionSettings>;
