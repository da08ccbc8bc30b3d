/** A worker in a process of its own, as it is deployed: the built program, with its log at hand. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../apps/worker/dist/main.mjs", import.meta.url));
const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** How a worker is started. */
export interface WorkerProcessOptions {
  readonly redisUrl: string;
  /** Built-in executors, or a fixture's file name. */
  readonly builtIn?: string;
  readonly fixture?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A running worker. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  #log = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
  }

  /** Resolves when the worker says that it is ready. */
  static async start({ redisUrl, builtIn, fixture, env = {} }: WorkerProcessOptions): Promise<WorkerProcess> {
    const args = [
      ...(builtIn === undefined ? [] : ["--built-in", builtIn]),
      ...(fixture === undefined ? [] : ["--executors", `${fixtures}${fixture}`]),
    ];
    const child = spawn(process.execPath, [program, ...args], {
      env: { ...process.env, ...env, REDIS_URL: redisUrl },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const worker = new WorkerProcess(child);
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`the worker ended with ${String(code)} before it was ready:\n${worker.#log}`);
    });
    await Promise.race([once(child.stdout as NodeJS.ReadableStream, "data"), ended]);
    ended.catch(() => {});
    return worker;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with the first log line that has all these texts. */
  async logged(...texts: string[]): Promise<string> {
    for (;;) {
      const line = this.#log.split("\n").find((candidate) => texts.every((text) => candidate.includes(text)));
      if (line !== undefined) return line;
      await once(this.#child.stderr as NodeJS.ReadableStream, "data");
    }
  }

  /** Resolves with the exit code, or the signal that ended the worker. */
  async exited(): Promise<number | string> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return exitCode ?? (signalCode as string);
    const [code, signal] = (await once(this.#child, "exit")) as [number | null, string | null];
    return code ?? (signal as string);
  }

  /** Ends the worker, whatever it does. */
  async kill(): Promise<void> {
    this.signal("SIGCONT");
    this.signal("SIGKILL");
    await this.exited();
  }
}
