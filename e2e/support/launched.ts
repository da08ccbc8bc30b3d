import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** The root of the workspace. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface LaunchOptions {
  readonly cwd?: string;
  /** The whole environment but for PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
  /** Opens a channel that closes with this process. */
  readonly hasChannel?: boolean;
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program under test and what it has said. */
export class Launched {
  stdout = "";
  stderr = "";
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly #listeners = new Set<() => void>();

  constructor(args: readonly string[], { cwd = root, env = {}, hasChannel = false }: LaunchOptions = {}) {
    const { PATH = "", HOME = "" } = process.env;
    this.child = spawn(process.execPath, [...args], {
      cwd,
      env: { PATH, HOME, ...env },
      stdio: ["ignore", "pipe", "pipe", ...(hasChannel ? (["ipc"] as const) : [])],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#tell();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#tell();
    });
    this.ended = this.#end();
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Resolves with the first match in what it says on stdout; rejects when it ends without, or after `ms`. */
  says(pattern: RegExp, ms = 30_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.stdout);
        if (match !== null) settle(() => resolve(match));
        else if (this.child.exitCode !== null || this.child.signalCode !== null) fail("ended without saying");
      };
      const fail = (what: string) => {
        const said = `--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`;
        settle(() => reject(new Error(`the process ${what} ${pattern}\n${said}`)));
      };
      const settle = (end: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        end();
      };
      const timer = setTimeout(() => fail(`did not say within ${ms} ms`), ms);
      this.#listeners.add(look);
      look();
    });
  }

  /** Sends a signal and resolves when the process has ended. */
  end(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }

  /** Not the event `close`: it stays away when we have closed the channel. */
  async #end(): Promise<Ended> {
    const streams = [this.child.stdout, this.child.stderr].map((stream) => once(stream as Readable, "close"));
    const [code, signal] = (await once(this.child, "exit")) as [number | null, NodeJS.Signals | null];
    await Promise.all(streams);
    this.#tell();
    return { code, signal };
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Whether a process is there and has not ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false; // No such process; there is no other reason for a process of our own.
  }
  // One that has ended and that nobody has asked about is still there by its number.
  return !(existsSync("/proc/self/stat") && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8")));
}
