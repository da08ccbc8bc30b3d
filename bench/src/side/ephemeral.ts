import {
  DEFAULT_INPUT_LIMITS,
  DEFAULT_LOOP_LIMITS,
  DEFAULT_RETENTION,
  DEFAULT_RETRY_BUDGET,
  DEFAULT_TIMING,
  type NodeId,
} from "@holdfast/contracts";
import { parseSessionRef } from "@holdfast/domain";
import { createSessionRuntime, sha256, systemClock, systemRandom } from "@holdfast/runtime";
import { createMemoryStore, createMemoryWakeQueue } from "@holdfast/store-memory";
import { closedLoop, MESSAGE_TEXT, type Send } from "../load/closed-loop.ts";
import { counting } from "./counting.ts";
import type { Sender } from "./roles.ts";

/** A store, a sender and a worker in one process, with nothing between them but function calls. */
export async function openEphemeral(_options: Record<string, never>): Promise<Pick<Sender, "load" | "close">> {
  const wakeQueue = createMemoryWakeQueue({ clock: systemClock }).connect();
  const store = createMemoryStore({ clock: systemClock });
  const running = createSessionRuntime(
    {
      node: systemRandom.id("nod") as NodeId,
      store,
      wakeQueue,
      clock: systemClock,
      random: systemRandom,
      sha256,
      timing: DEFAULT_TIMING,
      budget: DEFAULT_RETRY_BUDGET,
      loop: DEFAULT_LOOP_LIMITS,
      inputLimits: DEFAULT_INPUT_LIMITS,
      retention: DEFAULT_RETENTION,
      report: () => {},
    },
    [counting],
  );
  await running.start();
  const createWith = { executor: counting.name, onFailure: "hold" } as const;
  const send: Send = async (session, message) => {
    const ref = parseSessionRef({ tenantId: "default", sessionId: session });
    const key = `message-${message}` as never;
    const input = { kind: "prompt", text: MESSAGE_TEXT, idempotencyKey: key } as const;
    const { completion } = await running.runtime.acceptInputWithCompletion(ref, input, { createWith });
    const outcome = await completion;
    if (outcome?.kind !== "completed") throw new Error(`message ${message} of ${session} ended as ${outcome?.kind}`);
    return outcome.output as number;
  };
  return {
    load: (plan) => closedLoop(send, plan),
    close: async () => {
      await running.stop({ graceMs: 0 });
      await wakeQueue.close();
      await store.close();
    },
  };
}
