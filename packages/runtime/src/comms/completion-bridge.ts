import { DEFAULT_DRAIN_TIMING, type InteractionEvent, isAppError, type Outcome } from "@holdfast/contracts";
import { interactionEventOf } from "@holdfast/domain";
import type { CommsInbox, InteractionSubscriber } from "../ports/comms-inbox.ts";
import { pause, type RuntimeContext } from "../runtime-context.ts";

/** Tells whoever waits for an interaction how its input ended, and marks it complete. Never rejects. */
export async function answerInteraction(
  context: RuntimeContext,
  inbox: CommsInbox,
  { interactionId, completion }: { readonly interactionId: string; readonly completion: Promise<Outcome> },
): Promise<void> {
  const event = await endOf(interactionId, completion);
  if (event === null) return;
  const subscriber = inbox.takeSubscriber(interactionId);
  if (subscriber !== null) await send(context, subscriber, event);
  inbox.markComplete(interactionId);
}

/** `null` when this process will not hear of it: the input goes on without it, so nothing has ended. */
async function endOf(interactionId: string, completion: Promise<Outcome>): Promise<InteractionEvent | null> {
  try {
    return interactionEventOf(interactionId, await completion);
  } catch (error) {
    if (!isAppError(error) || error.code === "store.unavailable") return null;
    return { type: "interaction.failed", interactionId, reason: error.code };
  }
}

async function send(
  { clock, report }: RuntimeContext,
  subscriber: InteractionSubscriber,
  event: InteractionEvent,
): Promise<void> {
  const { answerMs } = DEFAULT_DRAIN_TIMING;
  const late = pause(clock, answerMs).then(() => {
    throw new Error(`not taken within ${answerMs} ms`);
  });
  late.catch(() => {});
  try {
    await Promise.race([subscriber.send(event), late]);
  } catch (error) {
    const { interactionId } = event;
    report({ level: "warn", phrase: "interaction end not delivered", fields: { interactionId, error } });
  }
}
