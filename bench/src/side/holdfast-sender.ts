import { Binding, createHoldfast, type Holdfast, type SessionHandle, type Timing } from "holdfast";
import { closedLoop, MESSAGE_TEXT, pingPong, type Send, sessionName } from "../load/closed-loop.ts";
import type { Counted, CountingExecutor } from "./counting.ts";
import { boundTo } from "./counting.ts";
import type { Sender } from "./roles.ts";

/** Where to send, and to whom. */
export interface HoldfastSenderOptions {
  readonly url: string;
  readonly executor: CountingExecutor;
  /** Bytes of text in a message; a short paragraph otherwise. */
  readonly textBytes?: number;
  /** That of the worker: the two must agree about leases. */
  readonly timing?: Partial<Timing>;
}

/** A sender with what the counts need. */
export interface HoldfastSender extends Sender {
  /** Creates the sessions `<prefix>/0` and on, bound and without history. */
  register(sessions: { readonly prefix: string; readonly sessions: number }): Promise<void>;
  /** Messages whose admission was answered. */
  admitted(): Promise<number>;
}

/** Sends to Holdfast: every message has a key, so that it could be sent twice. */
export async function openHoldfastSender(options: HoldfastSenderOptions): Promise<HoldfastSender> {
  const { url, executor, timing = {} } = options;
  const holdfast = await createHoldfast({ redis: url, timing });
  const text = options.textBytes === undefined ? MESSAGE_TEXT : "x".repeat(options.textBytes);
  const handles = new Map<string, SessionHandle>();
  const handleOf = (session: string): SessionHandle => {
    const known = handles.get(session);
    if (known !== undefined) return known;
    const handle = holdfast.session(session, boundTo(executor));
    handles.set(session, handle);
    return handle;
  };
  let admitted = 0;
  const send: Send = async (session, message) => {
    const { completion } = await handleOf(session).send({ key: `message-${message}`, text });
    admitted += 1;
    const outcome = await completion;
    if (outcome.kind !== "completed") throw new Error(`message ${message} of ${session} ended as ${outcome.kind}`);
    return outcome.output as number;
  };
  return {
    load: (plan) => closedLoop(send, plan),
    ping: (plan) => pingPong(send, plan),
    total: ({ prefix, sessions }) => totalOf(holdfast, { prefix, sessions }),
    register: async ({ prefix, sessions }) => {
      for (let index = 0; index < sessions; index += 1) {
        const { ref } = handleOf(sessionName(prefix, index));
        await holdfast.runtime.ensureSessionWithExecutor(ref, Binding.parse(boundTo(executor)));
      }
    },
    admitted: async () => admitted,
    close: () => holdfast.close({ graceMs: 0 }),
  };
}

async function totalOf(
  holdfast: Holdfast,
  { prefix, sessions }: { readonly prefix: string; readonly sessions: number },
): Promise<number> {
  let total = 0;
  for (let index = 0; index < sessions; index += 1) {
    const { state } = await holdfast.runtime.sessionState(holdfast.session(sessionName(prefix, index)).ref);
    total += (state as Counted | null)?.n ?? 0;
  }
  return total;
}
