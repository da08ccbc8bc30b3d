/**
 * How a long piece of work is doing: a line that moves on a terminal, a plain
 * line every few seconds elsewhere.
 */
import { paint, type TextStream } from "./terminal.ts";
import { clip, widthOf } from "./text.ts";

/** Where the work stands. */
export interface Standing {
  /** How much of it is done, from 0 to 1; `null` when nobody can tell. */
  readonly fraction: number | null;
  /** What the rate is counted of. */
  readonly count: number;
  /** Named numbers, in order. */
  readonly facts: readonly (readonly [name: string, value: number | string])[];
}

export interface ProgressOptions {
  readonly stream: TextStream;
  readonly standing: () => Standing;
  /** Milliseconds that never go back. */
  readonly now?: () => number;
}

const FRAME_MS = 100;
const PLAIN_MS = 3_000;
const RATE_WINDOW_MS = 3_000;
const BAR_COLUMNS = 24;
const CLEAR_LINE = "\r\u001b[2K";

/** A running display. */
export class Progress {
  readonly #stream: TextStream;
  readonly #standing: () => Standing;
  readonly #now: () => number;
  readonly #startedAt: number;
  #samples: { readonly at: number; readonly count: number }[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isDrawn = false;

  constructor({ stream, standing, now = () => performance.now() }: ProgressOptions) {
    this.#stream = stream;
    this.#standing = standing;
    this.#now = now;
    this.#startedAt = now();
  }

  start(): void {
    this.#sample();
    this.#timer = setInterval(() => this.draw(), this.#stream.isTty ? FRAME_MS : PLAIN_MS);
    this.#timer.unref();
  }

  /** Writes a line that stays, above the one that moves. */
  note(line: string): void {
    this.#clear();
    this.#stream.write(`${line}\n`);
  }

  /** Shows where the work stands. */
  draw(): void {
    const standing = this.#sample();
    const rate = this.#rate();
    if (!this.#stream.isTty) {
      this.#stream.write(`${plainLine(standing, rate, this.#elapsedMs())}\n`);
      return;
    }
    const columns = this.#stream.columns - 1;
    const bar = clip(barLine(standing, rate, columns), columns);
    this.#stream.write(`${CLEAR_LINE}${paint(this.#stream, "quiet", bar)}`);
    this.#isDrawn = true;
  }

  /** Ends the display; the moving line goes. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#clear();
  }

  #clear(): void {
    if (this.#isDrawn) this.#stream.write(CLEAR_LINE);
    this.#isDrawn = false;
  }

  #sample(): Standing {
    const standing = this.#standing();
    const at = this.#now();
    this.#samples.push({ at, count: standing.count });
    // The oldest one kept is the newest that is old enough, so that the window is never empty.
    while ((this.#samples[1]?.at ?? Number.POSITIVE_INFINITY) <= at - RATE_WINDOW_MS) this.#samples.shift();
    return standing;
  }

  #rate(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at === first.at) return 0;
    return ((last.count - first.count) * 1_000) / (last.at - first.at);
  }

  #elapsedMs(): number {
    return this.#now() - this.#startedAt;
  }
}

/** The moving line; its bar takes the columns that the numbers leave. */
export function barLine({ fraction, facts }: Standing, rate: number, columns: number): string {
  const numbers = ` ${percent(fraction).padStart(4)}  ${factText(facts, rate)}`;
  const width = Math.min(BAR_COLUMNS, Math.max(0, columns - widthOf(numbers)));
  const filled = fraction === null ? 0 : Math.round(clamp(fraction) * width);
  return `${"█".repeat(filled)}${"░".repeat(width - filled)}${numbers}`;
}

/** The plain line. */
export function plainLine({ fraction, facts }: Standing, rate: number, elapsedMs: number): string {
  const share = fraction === null ? "" : `  ${percent(fraction)}`;
  return `${(elapsedMs / 1_000).toFixed(1)} s${share}  ${factText(facts, rate)}`;
}

/** A count as people read it. */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

function factText(facts: Standing["facts"], rate: number): string {
  const shown = facts.map(([name, value]) => `${name} ${typeof value === "number" ? grouped(value) : value}`);
  return [`${grouped(rate)}/s`, ...shown].join("  ");
}

function percent(fraction: number | null): string {
  return fraction === null ? "" : `${Math.floor(clamp(fraction) * 100)}%`;
}

function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, fraction));
}
