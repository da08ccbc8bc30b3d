/** A whole replay: reads a file, pumps it into a store, and keeps the tally. */
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Binding, type Holdfast, isAppError } from "holdfast";
import type { Standing } from "../terminal/progress.ts";
import { type BadLine, parseLine, type ReplayInput } from "./parse-line.ts";
import { type PumpOptions, pump, type ReplayTarget } from "./pump.ts";
import { readLines } from "./read-lines.ts";
import { emptyTally, inFlight, type Tally } from "./tally.ts";
import type { Held } from "./verdict.ts";

/** What a replay passes on to its pump when it is there. */
type Listeners = Pick<PumpOptions, "onFailed" | "onOutage" | "onAdmitted" | "onEnded" | "resend">;

export interface ReplayOptions extends Pick<PumpOptions, "concurrency" | "signal">, Listeners {
  readonly file: string;
  readonly holdfast: Holdfast;
  /** What sessions that do not exist yet are bound to. */
  readonly binding: Binding;
  /** Awaits how every input ends. */
  readonly isAwaited: boolean;
  readonly onBad?: (line: BadLine) => void;
}

/** Outcomes awaited at the same time: enough for every session of a busy store, and some tens of megabytes. */
const MAX_IN_FLIGHT = 20_000;

/** A replay that can be watched. */
export class Replay {
  readonly tally: Tally = emptyTally();
  readonly #options: ReplayOptions;
  readonly #fileBytes: number | null;
  #readBytes = 0;
  #hasEnded = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#fileBytes = findFileSize(options.file);
  }

  /** Resolves when every input has ended, or at the signal. @throws config.invalid */
  async run(): Promise<void> {
    const { holdfast, isAwaited, concurrency, signal } = this.#options;
    await pump(this.#inputs(), {
      target: targetOf(holdfast, this.#options),
      tally: this.tally,
      signal,
      concurrency,
      maxInFlight: isAwaited ? MAX_IN_FLIGHT : 0,
      pause: (ms) => sleep(ms),
      ...listenersOf(this.#options),
    });
    this.#hasEnded = true;
  }

  /** Where it stands, for a display. */
  standing(): Standing {
    const { tally } = this;
    const count = this.#options.isAwaited ? tally.done + tally.failed : tally.admitted;
    const isAwaited = this.#options.isAwaited;
    return {
      fraction: this.#fraction(count),
      count,
      facts: [
        ["admitted", tally.admitted],
        ...(isAwaited
          ? ([
              ["done", tally.done],
              ["in flight", inFlight(tally)],
            ] as const)
          : []),
        ...(tally.failed > 0 ? ([["failed", tally.failed]] as const) : []),
        ...(tally.bad > 0 ? ([["bad lines", tally.bad]] as const) : []),
      ],
    };
  }

  /** The share of the file that was read, times the share of that which has ended. */
  #fraction(count: number): number | null {
    if (this.#hasEnded) return 1;
    if (this.#fileBytes === null || this.#fileBytes === 0) return null;
    if (this.tally.read === 0) return 0;
    return Math.min(0.99, (this.#readBytes / this.#fileBytes) * (count / this.tally.read));
  }

  async *#inputs(): AsyncGenerator<ReplayInput> {
    const { file, onBad } = this.#options;
    for await (const line of readLines(file, { onRead: (bytes) => (this.#readBytes = bytes) })) {
      const parsed = parseLine(line);
      if (parsed.kind === "input") {
        yield parsed;
        continue;
      }
      this.tally.bad += 1;
      onBad?.(parsed);
    }
  }
}

/** What a session of a store holds, for a verdict; `null` when there is none. */
export async function readHeld(holdfast: Holdfast, session: string): Promise<Held | null> {
  const { ref } = holdfast.session(session);
  try {
    const [{ state }, view] = await Promise.all([
      holdfast.runtime.sessionState(ref),
      holdfast.runtime.findSession(ref),
    ]);
    return { state, deadLetters: view?.deadLetters ?? 0 };
  } catch (error) {
    if (isAppError(error, "session.not_found")) return null;
    throw error;
  }
}

function targetOf(
  holdfast: Holdfast,
  { binding, isAwaited }: Pick<ReplayOptions, "binding" | "isAwaited">,
): ReplayTarget {
  const { runtime } = holdfast;
  const options = { createWith: binding };
  return {
    admit: async ({ sessionId, input }) => {
      const { ref } = holdfast.session(sessionId);
      // A completion that nobody awaits would be kept until the input ends.
      if (!isAwaited) return { admission: await runtime.acceptInput(ref, input, options), completion: null };
      const { admission, completion } = await runtime.acceptInputWithCompletion(ref, input, options);
      if (completion !== null || admission.kind !== "accepted") return { admission, completion };
      // It was consumed as it was accepted.
      return { admission, completion: runtime.waitForOutcome(ref, { inputId: admission.inputId }) };
    },
    outcome: async ({ sessionId, key }) => runtime.waitForOutcome(holdfast.session(sessionId).ref, { key }),
  };
}

function listenersOf({ onFailed, onOutage, onAdmitted, onEnded, resend }: ReplayOptions): Listeners {
  return {
    ...(onFailed === undefined ? {} : { onFailed }),
    ...(onOutage === undefined ? {} : { onOutage }),
    ...(onAdmitted === undefined ? {} : { onAdmitted }),
    ...(onEnded === undefined ? {} : { onEnded }),
    ...(resend === undefined ? {} : { resend }),
  };
}

function findFileSize(file: string): number | null {
  try {
    return statSync(file).size;
  } catch {
    return null; // Standard input has none; a file that is not there is reported by whoever reads it.
  }
}
