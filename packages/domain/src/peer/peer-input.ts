import type { NewInput, PeerCandidate, PeerClass, PeerContent, PeerConvention } from "@holdfast/contracts";
import { canonicalJson } from "../input/fingerprint.ts";

/** Notices about the peers themselves: whatever they contain, a session hears them as requests. */
const NOTICES: readonly PeerClass[] = ["peer_added", "peer_retired", "peer_unwired"];

const EVENT_PREFIX = "event:";

/**
 * The input that a peer's message is admitted as. The envelope's id is its
 * idempotency key, so that an envelope that comes again is the same input, and
 * the interaction's id its correlation id.
 */
export function peerInputOf(candidate: PeerCandidate): NewInput {
  const { envelopeId, interaction } = candidate;
  const { interactionId, blocks, handlingMode } = interaction;
  const header = {
    idempotencyKey: envelopeId as NonNullable<NewInput["idempotencyKey"]>,
    correlationId: interactionId,
    ...(blocks === undefined ? {} : { blocks }),
  };
  if (candidate.class === "plain_event") return { ...header, ...eventOf(candidate) };
  const convention = conventionOf(candidate);
  const isProgress = convention.type === "response_progress";
  return {
    ...header,
    kind: "peer",
    source: { type: "peer", peerId: interaction.from },
    // Whoever asked hears more later: what is lost of this is only early news.
    durability: isProgress ? "ephemeral" : "durable",
    convention,
    body: interaction.renderedText ?? bodyOf(interaction.content),
    // A peer that asks for nothing special leaves the choice to the kind; progress may ask for nothing at all.
    ...(handlingMode === "steer" && !isProgress ? { handlingMode } : {}),
  };
}

function conventionOf({ class: as, interaction: { interactionId, content } }: PeerCandidate): PeerConvention {
  if (NOTICES.includes(as)) {
    return { type: "request", requestId: interactionId, intent: content.type === "request" ? content.intent : as };
  }
  switch (content.type) {
    case "message":
      return { type: "message" };
    case "request":
      return { type: "request", requestId: interactionId, intent: content.intent };
    case "response":
      return content.status === "accepted"
        ? { type: "response_progress", requestId: content.inReplyTo, phase: "accepted" }
        : { type: "response_terminal", requestId: content.inReplyTo, status: content.status };
  }
}

function bodyOf(content: PeerContent): string {
  switch (content.type) {
    case "message":
      return content.body;
    case "request":
      return canonicalJson(content.params);
    case "response":
      return canonicalJson(content.result);
  }
}

function eventOf({ interaction }: PeerCandidate): NewInput {
  const { from, content, handlingMode, renderMetadata } = interaction;
  const name = from.startsWith(EVENT_PREFIX) ? from.slice(EVENT_PREFIX.length) : from;
  const { type: _, ...payload } = content;
  return {
    kind: "external_event",
    source: { type: "external", sourceName: name },
    durability: "durable",
    eventType: name,
    payload,
    handlingMode,
    ...(renderMetadata === undefined ? {} : { renderMetadata }),
  };
}
