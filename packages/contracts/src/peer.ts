/**
 * What other agents say to a session, as their transport hands it in: already
 * trusted and classified, because nothing behind this point looks at either
 * again.
 */
import * as z from "zod";
import { ContentBlock, HandlingMode, RenderMetadata } from "./input.ts";

/** What a transport takes a message for, decided before the runtime sees it. */
export const PeerClass = z.enum([
  "ack",
  "peer_added",
  "peer_retired",
  "peer_unwired",
  "response",
  "silent_request",
  "kickoff_failed",
  "kickoff_cancelled",
  "actionable_message",
  "actionable_request",
  "plain_event",
]);
/** See {@link PeerClass}. */
export type PeerClass = z.infer<typeof PeerClass>;

/** What a message says. */
export const PeerContent = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("message"), body: z.string() }),
  z.strictObject({ type: z.literal("request"), intent: z.string().min(1), params: z.json().default(null) }),
  z.strictObject({
    type: z.literal("response"),
    /** The request's interaction id. */
    inReplyTo: z.string().min(1),
    status: z.enum(["accepted", "completed", "failed"]),
    result: z.json().default(null),
  }),
]);
/** See {@link PeerContent}. */
export type PeerContent = z.infer<typeof PeerContent>;

/** One message of a peer, and what it belongs to. */
export const PeerInteraction = z.strictObject({
  /** Ties a message to what becomes of it, in events and answers. */
  interactionId: z.string().min(1).max(128),
  /** The sender's name. */
  from: z.string().min(1).max(256),
  content: PeerContent,
  handlingMode: HandlingMode.default("queue"),
  /** The message as a model is to read it; without one, its body, parameters or result are. */
  renderedText: z.string().optional(),
  renderMetadata: RenderMetadata.optional(),
  blocks: z.array(ContentBlock).max(1_000).optional(),
});
/** See {@link PeerInteraction}. */
export type PeerInteraction = z.infer<typeof PeerInteraction>;

/** A message with its class and the id of the envelope it came in, which stays the same when it comes again. */
export const PeerCandidate = z
  .strictObject({ envelopeId: z.string().min(1), class: PeerClass, interaction: PeerInteraction })
  .refine((candidate) => candidate.class !== "response" || candidate.interaction.content.type === "response", {
    message: "a response has the content of one",
    path: ["interaction", "content"],
  });
/** See {@link PeerCandidate}. */
export type PeerCandidate = z.output<typeof PeerCandidate>;

/** A candidate as a transport may write it: what has a default may be left out. */
export type NewPeerCandidate = z.input<typeof PeerCandidate>;

/** How an interaction ended, for whoever waits for its end. */
export const InteractionEvent = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("interaction.completed"),
    interactionId: z.string(),
    /** Empty when the run had no result; a result that is no text is its JSON. */
    text: z.string(),
  }),
  /** The turn stopped at a tool that somebody else must call. */
  z.strictObject({
    type: z.literal("interaction.callback_pending"),
    interactionId: z.string(),
    toolName: z.string(),
    args: z.json(),
  }),
  z.strictObject({ type: z.literal("interaction.failed"), interactionId: z.string(), reason: z.string() }),
]);
/** See {@link InteractionEvent}. */
export type InteractionEvent = z.infer<typeof InteractionEvent>;

/** Where the drain of a session's inbox stands in one process. */
export const DrainPhase = z.enum(["inactive", "starting", "running", "exited_respawnable", "stopped"]);
/** See {@link DrainPhase}. */
export type DrainPhase = z.infer<typeof DrainPhase>;

/** Whom a drain serves: a session with an executor, or one that is kept alive without. */
export const DrainMode = z.enum(["attached_session", "persistent_host"]);
/** See {@link DrainMode}. */
export type DrainMode = z.infer<typeof DrainMode>;

/** Why a drain ended by itself. */
export const DrainExit = z.enum(["dismissed", "failed", "aborted", "session_shutdown", "idle_timeout"]);
/** See {@link DrainExit}. */
export type DrainExit = z.infer<typeof DrainExit>;
