/**
 * A worker in a process of its own. One that ends by itself is started again;
 * one that never became ready says why.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { AppError } from "holdfast";
import { RestartPace } from "./restart-pace.ts";
import { workerMain } from "./worker-main.ts";

/** What a worker says when it is ready. */
export interface ReadyWorker {
  readonly node: string;
  readonly executors: readonly string[];
  readonly pid: number;
}

/** How a worker is run, and who is told what. */
export interface WorkerChildOptions {
  readonly args: readonly string[];
  /** On top of our environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Every time one is ready. */
  readonly onReady: (worker: ReadyWorker) => void;
  /** One ended that nobody here had told to; another is started after a pause. */
  readonly onCrash: (how: string, pauseMs: number) => void;
  /** A line it wrote. */
  readonly onLine: (line: string, source: "stdout" | "stderr") => void;
}

const STOP_LIMIT_MS = 30_000;

/** A worker, whichever process that is at the moment. */
export class WorkerChild {
  readonly #options: WorkerChildOptions;
  readonly #pace = new RestartPace();
  readonly #firstReady: Promise<void>;
  #settleFirst: { resolve(): void; reject(error: Error): void } | null = null;
  #child: ChildProcess;
  #restart: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(options: WorkerChildOptions) {
    this.#options = options;
    this.#firstReady = new Promise((resolve, reject) => {
      this.#settleFirst = { resolve, reject };
    });
    this.#firstReady.catch(() => {}); // Whoever waits for it sees it.
    this.#child = this.#launch();
  }

  /** Resolves when the first one is ready. @throws config.invalid, store.unavailable when it ends before */
  ready(): Promise<void> {
    return this.#firstReady;
  }

  /** Tells it to hand back what it does, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(killer);
  }

  /** Tells it to end at once, without waiting: the last thing a process does. */
  dismiss(): void {
    this.#isStopped = true;
    this.#child.kill("SIGKILL");
  }

  #launch(): ChildProcess {
    this.#pace.begin();
    const child = spawn(process.execPath, [workerMain(), ...this.#options.args], {
      env: { ...process.env, ...this.#options.env },
      // The channel ends it when we are gone, however that comes about.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // In a group of its own: an interrupt at the terminal is for us, and we say when it ends.
      detached: true,
    });
    const said: string[] = [];
    this.#readLines(child, said);
    child.once("error", (error) => this.#ended(error.message, said));
    // Not `exit`: its last words may still be on their way then.
    child.once("close", (code, signal) => this.#ended(signal ?? `exit code ${code}`, said));
    return child;
  }

  #readLines(child: ChildProcess, said: string[]): void {
    createInterface({ input: child.stdout as Readable }).on("line", (line) => {
      const ready = parseReady(line);
      if (ready === null) return this.#options.onLine(line, "stdout");
      this.#options.onReady({ ...ready, pid: child.pid as number });
      this.#settleFirst?.resolve();
      this.#settleFirst = null;
    });
    createInterface({ input: child.stderr as Readable }).on("line", (line) => {
      said.push(line);
      said.splice(0, said.length - 1);
      if (this.#settleFirst === null) this.#options.onLine(line, "stderr");
    });
  }

  #ended(how: string, said: readonly string[]): void {
    if (this.#isStopped) return;
    if (this.#settleFirst !== null) {
      this.#isStopped = true;
      this.#settleFirst.reject(refusal(said.at(-1) ?? "", how));
      return;
    }
    const pauseMs = this.#pace.pauseMs();
    this.#options.onCrash(how, pauseMs);
    this.#restart = setTimeout(() => {
      this.#child = this.#launch();
    }, pauseMs);
  }
}

function parseReady(line: string): Omit<ReadyWorker, "pid"> | null {
  try {
    const value = JSON.parse(line) as { readonly ready?: unknown } & Omit<ReadyWorker, "pid">;
    return value.ready === true ? { node: value.node, executors: value.executors } : null;
  } catch {
    return null; // A line of an executor's.
  }
}

/** What the worker said last, as our own error. */
function refusal(line: string, how: string): AppError {
  const match = /^error\[config[.]invalid\]: (.*)$/.exec(line);
  if (match !== null) return new AppError("config.invalid", { message: match[1] as string });
  return new AppError("store.unavailable", { message: `the worker does not start (${how}): ${line}` });
}
