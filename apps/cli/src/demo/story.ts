/**
 * What a sender was told, per session: in which order its inputs were admitted
 * and how each ended. From that alone follows what a session must hold, however
 * its runs were interrupted meanwhile.
 */
import { createHash } from "node:crypto";
import { type Admission, type InputId, type Outcome, textOf } from "holdfast";
import type { ReplayInput } from "../replay/parse-line.ts";
import type { Expectation } from "../replay/verdict.ts";

/** One input, as its sender was told of it. */
export interface ToldInput {
  readonly inputId: InputId;
  /** Place in the session's order of admission. */
  readonly admission: number;
  readonly key: string;
  readonly text: string;
  end: "open" | "consumed" | "cancelled" | "other";
  /** A receipt names it. An interrupted run whose worker died before it could end leaves none. */
  hasReceipt: boolean;
}

const FEW_SESSIONS = 24;

/** Everything a sender was told. */
export class Story {
  readonly #sessions = new Map<string, Map<string, ToldInput>>();
  /** Inputs that have not ended, by session; a list beside it for a fair choice. */
  readonly #open = new Map<string, number>();
  readonly #busy: string[] = [];

  admitted({ sessionId, key, input }: ReplayInput, admission: Exclude<Admission, { kind: "rejected" }>): void {
    const inputId = admission.kind === "accepted" ? admission.inputId : admission.existingId;
    const told = this.#sessions.get(sessionId) ?? new Map<string, ToldInput>();
    this.#sessions.set(sessionId, told);
    if (told.has(key)) return;
    const text = input.kind === "prompt" ? input.text : textOf(input as Parameters<typeof textOf>[0]);
    told.set(key, { inputId, admission: admission.admission, key, text, end: "open", hasReceipt: false });
    this.#count(sessionId, 1);
  }

  ended({ sessionId, key }: ReplayInput, outcome: Outcome): void {
    const told = this.#sessions.get(sessionId)?.get(key);
    if (told === undefined || told.end !== "open") return;
    told.end = endOf(outcome);
    told.hasReceipt = "position" in outcome && outcome.position !== undefined;
    this.#count(sessionId, -1);
  }

  /**
   * A session with something under way, chosen by a number in [0, 1); `null` when there is none. With few left the
   * choice falls on none more and more often: each is met about as often as when there were many.
   */
  busySession(fraction: number): string | null {
    return this.#busy[Math.floor(fraction * Math.max(FEW_SESSIONS, this.#busy.length))] ?? null;
  }

  /** The inputs of a session in the order of admission. */
  inputsOf(session: string): readonly ToldInput[] {
    return [...(this.#sessions.get(session)?.values() ?? [])].sort((one, other) => one.admission - other.admission);
  }

  /** The inputs that ended so, over all sessions. */
  count(end: ToldInput["end"]): number {
    let count = 0;
    for (const told of this.#sessions.values()) for (const input of told.values()) count += Number(input.end === end);
    return count;
  }

  /** What a session must hold: everything that was consumed, in the order of admission. */
  expectationOf(session: string): Expectation {
    let [count, chain] = [0, ""];
    for (const { key, text, end } of this.inputsOf(session)) {
      if (end !== "consumed") continue;
      count += 1;
      chain = createHash("sha256").update(`${chain}\n${key}\n${text}`).digest("hex");
    }
    return { session, count, chain };
  }

  #count(sessionId: string, by: 1 | -1): void {
    const open = (this.#open.get(sessionId) ?? 0) + by;
    this.#open.set(sessionId, open);
    if (open === 1 && by === 1) this.#busy.push(sessionId);
    if (open === 0) {
      // Order means nothing here: the last one takes the place.
      const place = this.#busy.indexOf(sessionId);
      const last = this.#busy.pop();
      if (last !== undefined && place < this.#busy.length) this.#busy[place] = last;
    }
  }
}

/** Whether an input was interrupted. */
export function isCancelled(outcome: Outcome | { readonly kind: "cancelled" }): boolean {
  return outcome.kind === "cancelled" || (outcome.kind === "abandoned" && outcome.reason === "cancelled");
}

function endOf(outcome: Outcome): ToldInput["end"] {
  if (outcome.kind === "completed") return "consumed";
  return isCancelled(outcome) ? "cancelled" : "other";
}
