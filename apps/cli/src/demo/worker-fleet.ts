/**
 * A number of worker processes. One that ends is replaced, whether it was
 * killed here or fell over by itself.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { workerMain } from "../dev/worker-main.ts";

export interface FleetOptions {
  readonly size: number;
  /** Environment of a worker, on top of ours. */
  readonly env: Readonly<Record<string, string>>;
  /** A worker ended that nobody here killed. */
  readonly onCrash: (what: string) => void;
  /** Too many did: none is started any more. */
  readonly onGivenUp: () => void;
}

/** Crashes after which it is not worth starting another one. */
const MOST_CRASHES = 10;
const KEPT_OUTPUT = 2_000;

interface Worker {
  readonly process: ChildProcess;
  isReady: boolean;
  isDoomed: boolean;
}

/** Running workers. */
export class WorkerFleet {
  kills = 0;
  readonly #options: FleetOptions;
  readonly #workers = new Set<Worker>();
  #crashes = 0;
  #isStopped = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    for (let count = 0; count < options.size; count += 1) this.#launch();
  }

  /**
   * Kills the worker that has worked longest, without warning; another takes
   * its place. Kills none while a replacement is still starting: on a slow
   * machine workers would be killed faster than they start, and nothing be done.
   */
  killOne(): void {
    const atWork = [...this.#workers].filter(({ isReady, isDoomed }) => isReady && !isDoomed);
    const [oldest] = atWork;
    if (oldest === undefined || atWork.length < this.#options.size) return;
    this.kills += 1;
    oldest.isDoomed = true;
    oldest.process.kill("SIGKILL");
  }

  /** Ends all workers at once. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const ended = [...this.#workers].map(async ({ process: child }) => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    });
    await Promise.all(ended);
  }

  #launch(): void {
    const child = spawn(process.execPath, [workerMain()], {
      env: { ...process.env, HOLDFAST_LOG_LEVEL: "error", ...this.#options.env },
      // With a channel, a worker ends when this process does, however that ends.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const worker: Worker = { process: child, isReady: false, isDoomed: false };
    this.#workers.add(worker);
    // The first thing it says is that it is ready.
    child.stdout?.once("data", () => (worker.isReady = true)).resume();
    let output = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT);
    });
    child.once("error", (error) => (output = error.message));
    child.once("close", (code, signal) => {
      this.#workers.delete(worker);
      if (this.#isStopped) return;
      if (!worker.isDoomed) this.#noteCrash(`${signal ?? `exit code ${code}`}: ${output.trim()}`);
      if (this.#crashes < MOST_CRASHES) this.#launch();
      else this.#options.onGivenUp();
    });
  }

  #noteCrash(what: string): void {
    this.#crashes += 1;
    this.#options.onCrash(what);
  }
}
