/**
 * Brings one message of a peer into its session through ordinary admission:
 * nothing a peer says takes another way.
 */
import { ERRORS, isAppError, type PeerCandidate, rejectionError, type SessionRef } from "@holdfast/contracts";
import { parsePeerCandidate, peerInputOf, peerRouteOf } from "@holdfast/domain";
import type { CommsInbox } from "../ports/comms-inbox.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { SessionRuntime } from "../session-runtime.ts";
import { answerInteraction } from "./completion-bridge.ts";
import type { Delivery } from "./drain-task.ts";

/** How messages get into a session. */
export type PeerIngress = Pick<SessionRuntime, "acceptInput" | "acceptInputWithCompletion">;

/** Where a message comes from, and where it goes. */
export interface MessageParts {
  readonly context: RuntimeContext;
  readonly ingress: PeerIngress;
  readonly inbox: CommsInbox;
  readonly ref: SessionRef;
}

/** What a session that takes no input answers with. */
const CLOSED = ["session.not_accepting", "session.not_found", "session.destroyed"] as const;

/** Admits a message, or sets aside one that never can be. Rejects with what may pass: the message is to be brought again. */
export async function deliverMessage(parts: MessageParts, message: unknown): Promise<Delivery> {
  const candidate = read(parts, message);
  if (candidate === null) return "done";
  const { interactionId } = candidate.interaction;
  try {
    await admit(parts, candidate);
    return "done";
  } catch (error) {
    if (CLOSED.some((code) => isAppError(error, code))) return "session_closed";
    if (!isFinal(error)) throw error;
    setAside(parts, { envelopeId: candidate.envelopeId, error });
    parts.inbox.markComplete(interactionId);
    return "done";
  }
}

/** A message that has no shape would otherwise stand before all others for ever. */
function read(parts: MessageParts, message: unknown): PeerCandidate | null {
  try {
    return parsePeerCandidate(message, parts.context.inputLimits);
  } catch (error) {
    setAside(parts, { error });
    return null;
  }
}

async function admit({ context, ingress, inbox, ref }: MessageParts, candidate: PeerCandidate): Promise<void> {
  const { interactionId } = candidate.interaction;
  const route = peerRouteOf(candidate);
  if (route === "ignore") return;
  const input = peerInputOf(candidate);
  const options = { isWithoutWake: candidate.class === "silent_request" };
  if (route === "accept") {
    assertAdmitted(await ingress.acceptInput(ref, input, options));
    inbox.markComplete(interactionId);
    return;
  }
  const { admission, completion } = await ingress.acceptInputWithCompletion(ref, input, options);
  assertAdmitted(admission);
  if (completion === null) inbox.markComplete(interactionId);
  else void answerInteraction(context, inbox, { interactionId, completion });
}

function assertAdmitted(admission: Awaited<ReturnType<PeerIngress["acceptInput"]>>): void {
  if (admission.kind === "rejected") throw rejectionError(admission);
}

/** Whether the same message can only fail again: of what is in doubt none is given up. */
function isFinal(error: unknown): boolean {
  return isAppError(error) && (ERRORS[error.code].kind === "invalid" || error.code === "idempotency.mismatch");
}

function setAside({ context, ref }: MessageParts, fields: Readonly<Record<string, unknown>>): void {
  context.report({ level: "warn", phrase: "peer message set aside", fields: { ref, ...fields } });
}
