/**
 * Compares what sessions hold with what they must hold: for each, how many
 * inputs were folded and the hash chain over them in order. A lost, doubled or
 * reordered input changes the chain.
 */
import { AppError } from "holdfast";
import { grouped } from "../terminal/progress.ts";
import { readLines } from "./read-lines.ts";

/** What a session must end with. */
export interface Expectation {
  readonly session: string;
  readonly count: number;
  readonly chain: string;
}

/** What a session holds. */
export interface Held {
  /** The committed state; anything that is no `{count, chain}` counts as nothing folded. */
  readonly state: unknown;
  readonly deadLetters: number;
}

/** How the sessions compare. */
export interface Verdict {
  readonly isRight: boolean;
  readonly right: number;
  readonly wrong: number;
  /** Inputs that a session should have folded and has not. */
  readonly lost: number;
  /** Inputs that were folded beyond those. */
  readonly doubled: number;
  /** Sessions with the right number of inputs and another chain. */
  readonly reordered: number;
  readonly deadLetters: number;
  /** The first wrong sessions, with what is wrong. */
  readonly samples: readonly { readonly session: string; readonly fault: string }[];
}

export interface CompareOptions {
  readonly expected: AsyncIterable<Expectation>;
  readonly read: (session: string) => Promise<Held | null>;
  /** Sessions read at the same time. */
  readonly concurrency?: number;
}

const SAMPLES = 10;
const DEFAULT_CONCURRENCY = 64;

/** The expectations of a file of `{session, count, chain}` lines. @throws config.invalid */
export async function* readExpectations(file: string): AsyncGenerator<Expectation> {
  for await (const line of readLines(file)) {
    const expectation = line.kind === "line" ? parseExpectation(line.text) : null;
    if (expectation === null) {
      throw new AppError("config.invalid", {
        message: `${file}: line ${line.number} is no {"session", "count", "chain"}`,
      });
    }
    yield expectation;
  }
}

/** Reads every expected session and judges. */
export async function compareSessions({ expected, read, concurrency }: CompareOptions): Promise<Verdict> {
  const sums = { right: 0, wrong: 0, lost: 0, doubled: 0, reordered: 0, deadLetters: 0 };
  const samples: { session: string; fault: string }[] = [];
  const judge = async (expectation: Expectation) => {
    const held = await read(expectation.session);
    const finding = judgeState(expectation, held);
    sums[finding.fault === null ? "right" : "wrong"] += 1;
    sums.lost += finding.lost;
    sums.doubled += finding.doubled;
    sums.reordered += finding.reordered;
    sums.deadLetters += held?.deadLetters ?? 0;
    if (finding.fault !== null && samples.length < SAMPLES) {
      samples.push({ session: expectation.session, fault: finding.fault });
    }
  };
  await forEachOf(expected, judge, concurrency ?? DEFAULT_CONCURRENCY);
  return { ...sums, samples, isRight: sums.wrong === 0 && sums.deadLetters === 0 && sums.right > 0 };
}

/** The verdict as one line for people. */
export function verdictLine(verdict: Verdict): string {
  const { right, wrong, lost, doubled, reordered, deadLetters } = verdict;
  return (
    `${verdict.isRight ? "right" : "WRONG"}: ${grouped(right)} sessions right, ${grouped(wrong)} wrong; ` +
    `${grouped(lost)} inputs lost, ${grouped(doubled)} doubled, ` +
    `${grouped(reordered)} sessions reordered; ${grouped(deadLetters)} dead letters`
  );
}

interface Finding {
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  readonly fault: string | null;
}

function judgeState(expectation: Expectation, held: Held | null): Finding {
  const folded = foldOf(held?.state);
  const missing = expectation.count - folded.count;
  const isReordered = missing === 0 && folded.chain !== expectation.chain;
  const sums = { lost: Math.max(0, missing), doubled: Math.max(0, -missing), reordered: isReordered ? 1 : 0 };
  if (missing > 0) return { ...sums, fault: `${missing} of ${expectation.count} inputs are missing` };
  if (missing < 0) return { ...sums, fault: `${-missing} inputs more than ${expectation.count}` };
  return { ...sums, fault: isReordered ? "another order or other inputs" : null };
}

function foldOf(state: unknown): { readonly count: number; readonly chain: string } {
  const { count, chain } = (state ?? {}) as { readonly count?: unknown; readonly chain?: unknown };
  return typeof count === "number" && typeof chain === "string" ? { count, chain } : { count: 0, chain: "" };
}

function parseExpectation(text: string): Expectation | null {
  try {
    const value = JSON.parse(text) as Partial<Expectation> | null;
    const { session, count, chain } = value ?? {};
    const isComplete = typeof session === "string" && typeof count === "number" && typeof chain === "string";
    return isComplete ? { session, count, chain } : null;
  } catch {
    return null; // Not JSON: the caller names the line.
  }
}

async function forEachOf<T>(items: AsyncIterable<T>, work: (item: T) => Promise<void>, concurrency: number) {
  const iterator = items[Symbol.asyncIterator]();
  const workers = Array.from({ length: concurrency }, async () => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) await work(next.value);
  });
  await Promise.all(workers);
}
