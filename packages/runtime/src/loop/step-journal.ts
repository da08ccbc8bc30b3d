/**
 * `turn.step`: results that outlive an attempt.
 *
 * The first result of a step stays (J2). A write whose answer was lost is sent
 * again, because the step must not run again for it; entries are numbered, so
 * that the repeat is recognised. Writes therefore go one after the other.
 */
import type { Fence, SessionRef } from "@holdfast/contracts";
import type { Journal } from "../ports/journal.ts";
import type { Sha256 } from "../ports/sha256.ts";
import { executorJson } from "./executor-json.ts";

/** What a journal of one attempt works with. */
export interface StepJournalOptions {
  readonly journal: Journal;
  readonly sha256: Sha256;
  readonly ref: SessionRef;
  readonly fence: Fence;
  /** Steps that earlier attempts settled. */
  readonly entries: number;
  readonly signal: AbortSignal;
  /** Repeats a call that may be sent twice while its answer would still count. */
  readonly untilAnswered: <T>(call: () => Promise<T>) => Promise<T>;
}

/** Runs a step once per run. */
export type RunStep = <T>(key: string, fn: () => Promise<T> | T, args?: unknown) => Promise<T>;

/** The journal of one attempt. */
export function createStepJournal(options: StepJournalOptions): RunStep {
  const started = new Map<string, Promise<unknown>>();
  let known: Promise<Map<string, unknown>> | null = null;
  let settled = options.entries;
  let lastWrite: Promise<unknown> = Promise.resolve();

  async function load(): Promise<Map<string, unknown>> {
    if (options.entries === 0) return new Map();
    const { ref, fence, entries } = options;
    const steps = await options.untilAnswered(() => options.journal.load({ ref, runId: fence.runId, entries }));
    return new Map(steps.map(({ key, value }) => [key, JSON.parse(value) as unknown]));
  }

  async function write(key: string, value: string): Promise<unknown> {
    const { ref, fence } = options;
    const command = { ref, fence, index: settled + 1, key, value };
    const reply = await options.untilAnswered(() => options.journal.settle(command));
    if (reply.kind === "fenced") throw fencedError();
    settled += 1;
    return JSON.parse(reply.value) as unknown;
  }

  async function perform(key: string, fn: () => unknown): Promise<unknown> {
    known ??= load();
    const earlier = await known;
    if (earlier.has(key)) return earlier.get(key);
    options.signal.throwIfAborted();
    const result: unknown = await fn();
    // `undefined` has no JSON; what a retry would read back is what this attempt gets, too.
    const value = executorJson("the step's result", result ?? null);
    const written = lastWrite.then(() => write(key, value));
    lastWrite = written.catch(() => {});
    return written;
  }

  async function start(key: string, fn: () => unknown, args: unknown): Promise<unknown> {
    const id = options.sha256(executorJson("the step's key with its arguments", [key, args]));
    const running = started.get(id) ?? perform(id, fn);
    started.set(id, running);
    // A step that failed has no result: trying it again within the turn is the executor's choice.
    running.catch(() => started.delete(id));
    return running;
  }

  return <T>(key: string, fn: () => Promise<T> | T, args: unknown = null): Promise<T> => {
    const step = start(key, fn, args);
    // A step that the executor does not wait for must not end the process.
    step.catch(() => {});
    return step as Promise<T>;
  };
}

function fencedError(): Error {
  return new DOMException("the turn no longer holds its session", "AbortError");
}
