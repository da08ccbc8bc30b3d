/**
 * A short conversation over the HTTP API, told as it happens: what the answers
 * say, and what the session's event stream says.
 */
import { type EventEnvelope, isAppError, type Outcome, type SentInput } from "holdfast";
import { printable } from "../terminal/text.ts";
import { SessionApi, type SessionApiOptions } from "./session-api.ts";

/** One thing that happened, for people. */
export interface Step {
  readonly name: "sent" | "admitted" | "woken" | "claimed" | "committed" | "failed" | "outcome" | "note";
  readonly text: string;
  /** Since the prompt was sent. */
  readonly atMs: number;
}

/** What is said, and who is told. */
export interface ConversationOptions extends SessionApiOptions {
  readonly executor: string;
  /** Begins every key; no two conversations may share one. */
  readonly keyPrefix: string;
  readonly prompts: readonly string[];
  /** How long a step may take. */
  readonly patienceMs: number;
  readonly onStep: (step: Step) => void;
}

type Events = AsyncGenerator<EventEnvelope, void, void>;

/**
 * Says every prompt after the answer to the one before. Resolves with `false`
 * when the session takes no input; that is somebody's decision and stays.
 */
export async function converse(options: ConversationOptions): Promise<boolean> {
  const done = new AbortController();
  const api = new SessionApi({ ...options, signal: AbortSignal.any([options.signal, done.signal]) });
  let events: Events | null = null;
  try {
    const cursor = await api.cursor();
    for (const [index, text] of options.prompts.entries()) {
      const prompt = new Prompt({ ...options, api, text, key: `${options.keyPrefix}-${index + 1}` });
      const sent = await prompt.send();
      events ??= api.events(cursor);
      await prompt.follow(sent, events);
    }
    return true;
  } catch (error) {
    if (isAppError(error, "session.not_accepting") || isAppError(error, "session.destroyed")) return false;
    throw error;
  } finally {
    done.abort(); // Ends the stream, which would go on for ever.
  }
}

interface PromptOptions extends ConversationOptions {
  readonly api: SessionApi;
  readonly text: string;
  readonly key: string;
}

/** One prompt on its way. */
class Prompt {
  readonly #options: PromptOptions;
  readonly #sentAt = performance.now();

  constructor(options: PromptOptions) {
    this.#options = options;
  }

  async send(): Promise<SentInput["admission"]> {
    const { api, text, key, executor } = this.#options;
    this.#tell("sent", text);
    const { admission } = await api.send({ text, key, executor });
    return admission;
  }

  /** Tells what becomes of it, in the order in which it comes about. */
  async follow(admission: SentInput["admission"], events: Events): Promise<void> {
    if (admission.kind !== "accepted") return this.#tell("note", `the input was ${admission.kind}`);
    const { inputId, signal } = admission;
    const { key } = this.#options;
    this.#tell("admitted", `${inputId}, input ${admission.admission} of the session, key ${key}`);
    this.#tell(
      "woken",
      signal === "wake" ? "the session was at rest: a worker is told" : "not needed: a run is in progress",
    );
    const isDone = await this.#watch(events, inputId);
    if (!isDone) return this.#explain();
    this.#tell("outcome", outcomeText(await this.#options.api.outcome(inputId, 10)));
  }

  /** Reads the stream up to the end of the input's run; `false` when that takes too long. */
  async #watch(events: Events, inputId: string): Promise<boolean> {
    for (;;) {
      const next = await within(events.next(), this.#options.patienceMs);
      if (next === null || next.done === true) return false;
      const { event } = next.value;
      if (event.type === "run.failed") this.#tell("failed", `run ${event.runId}: ${event.code}`);
      if (!("inputIds" in event) || !event.inputIds.some((id) => id === inputId)) continue;
      if (event.type === "run.started") this.#tell("claimed", `run ${event.runId}, attempt ${event.attempt}`);
      if (event.type !== "run.completed" && event.type !== "run.cancelled") continue;
      this.#tell("committed", `position ${event.position} of the session's receipts`);
      return true;
    }
  }

  async #explain(): Promise<void> {
    const { summary } = await this.#options.api.explain();
    this.#tell("note", `no outcome yet: ${summary}`);
  }

  #tell(name: Step["name"], text: string): void {
    this.#options.onStep({ name, text: printable(text), atMs: performance.now() - this.#sentAt });
  }
}

function outcomeText(outcome: Outcome): string {
  return outcome.kind === "completed" ? `${outcome.kind}: ${JSON.stringify(outcome.output)}` : outcome.kind;
}

/** The answer, or `null` when it takes too long. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
