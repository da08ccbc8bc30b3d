/**
 * A replay that is interfered with. What an interrupt cancels its sender is told
 * of and sends again, under a key of its own: so every message is folded once in
 * the end, in an order that follows from the acknowledgements.
 */
import type { Holdfast, NewInput, Outcome } from "holdfast";
import type { ReplayInput } from "../replay/parse-line.ts";
import type { ReplayOptions } from "../replay/replay.ts";
import type { Expectation } from "../replay/verdict.ts";
import { auditSession } from "./audit.ts";
import { type ControlCounts, ControlFire } from "./control-fire.ts";
import { isCancelled, Story } from "./story.ts";

export interface ControlledReplayOptions {
  readonly holdfast: Holdfast;
  readonly seed: number;
  readonly onFault: (error: unknown) => void;
}

/** What the verbs came to. */
export interface ControlledResult {
  readonly seed: number;
  readonly verbs: ControlCounts;
  /** Inputs whose senders were told that they were cancelled. */
  readonly cancelled: number;
  /** Where the ledger and what senders were told disagree: the first lines, and how many sessions have any. */
  readonly faults: readonly string[];
  readonly faultySessions: number;
}

const FIRE_EVERY_MS = 3;
const SHOWN_FAULTS = 10;
const AUDITED_AT_ONCE = 64;

/** Verbs, and what has to be known to judge what came of them. */
export class ControlledReplay {
  /** Takes a moment for each input: what is done at once cannot be interrupted. */
  readonly executor = "fold-slowly";
  readonly listeners: Required<Pick<ReplayOptions, "onAdmitted" | "onEnded" | "resend">>;
  readonly #options: ControlledReplayOptions;
  readonly #story = new Story();
  readonly #fire: ControlFire;
  readonly #sessions: string[] = [];

  constructor(options: ControlledReplayOptions) {
    this.#options = options;
    this.listeners = {
      onAdmitted: (input, admission) => this.#story.admitted(input, admission),
      onEnded: (input, outcome) => this.#story.ended(input, outcome),
      resend,
    };
    this.#fire = new ControlFire({
      ...options,
      everyMs: FIRE_EVERY_MS,
      choose: (fraction) => this.#story.busySession(fraction),
    });
  }

  /** Verbs applied so far. */
  get applied(): number {
    return Object.values(this.#fire.counts).reduce((sum, { applied }) => sum + applied, 0);
  }

  stop(): Promise<void> {
    return this.#fire.stop();
  }

  /** What sessions must hold: as many inputs as without interference, in the order of what was acknowledged. */
  async *expectations(undisturbed: AsyncIterable<Expectation>): AsyncGenerator<Expectation> {
    for await (const { session, count } of undisturbed) {
      this.#sessions.push(session);
      yield { ...this.#story.expectationOf(session), count };
    }
  }

  /** Audits every session that was compared. */
  async result(): Promise<ControlledResult> {
    const { holdfast, seed } = this.#options;
    const faulty: (readonly string[])[] = [];
    for (let from = 0; from < this.#sessions.length; from += AUDITED_AT_ONCE) {
      const sessions = this.#sessions.slice(from, from + AUDITED_AT_ONCE);
      const audits = sessions.map((session) => auditSession(holdfast, session, this.#story.inputsOf(session)));
      faulty.push(...(await Promise.all(audits)).filter((faults) => faults.length > 0));
    }
    return {
      seed,
      verbs: this.#fire.counts,
      cancelled: this.#story.count("cancelled"),
      faults: faulty.flat().slice(0, SHOWN_FAULTS),
      faultySessions: faulty.length,
    };
  }
}

const AGAIN = /~(\d+)$/;

/** The same message under the next key: `key~2`, `key~3`, … */
function resend(input: ReplayInput, outcome: Outcome): ReplayInput | null {
  if (!isCancelled(outcome)) return null;
  const sent = Number(AGAIN.exec(input.key)?.[1] ?? 1);
  const key = `${input.key.replace(AGAIN, "")}~${sent + 1}`;
  return { ...input, key, input: { ...input.input, idempotencyKey: key } as NewInput };
}
