import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Launched, root } from "./launched.ts";

const MAIN = join(root, "apps/cli/dist/main.mjs");
const UP_MS = 50_000;

/** A directory in which `holdfast dev` is run, any number of times. */
export class DevFolder {
  readonly path = mkdtempSync(join(tmpdir(), "holdfast-dev-"));
  readonly #launched: Launched[] = [];

  /** Runs the command with a free port. */
  dev(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Launched {
    return this.run(["dev", "--port", "0", ...args], env);
  }

  /** Runs any command of the CLI. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Launched {
    const launched = new Launched([MAIN, ...args], { cwd: this.path, env });
    this.#launched.push(launched);
    return launched;
  }

  /** A file below `.holdfast`. */
  file(name: string): string {
    return join(this.path, ".holdfast", name);
  }

  json(name: string): Record<string, unknown> {
    return JSON.parse(readFileSync(this.file(name), "utf8")) as Record<string, unknown>;
  }

  /** Ends what a test left running, and removes everything. */
  async remove(): Promise<void> {
    for (const launched of this.#launched) await launched.end("SIGTERM");
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Resolves when it says how to stop it. */
export async function isUp(dev: Launched): Promise<void> {
  await dev.says(/Ctrl-C/, UP_MS);
}

/** Numbers and URLs out of what it says. */
export function found(dev: Launched): {
  readonly apiUrl: string;
  readonly redisPid: number;
  readonly workerPid: number;
  readonly curl: string;
} {
  const find = (pattern: RegExp) => pattern.exec(dev.stdout)?.[1] ?? "";
  return {
    apiUrl: find(/^ +api +(\S+)$/m),
    redisPid: Number(find(/redis-server \(pid (\d+)\)/)),
    workerPid: Number(find(/worker +nod_\S+ \(pid (\d+)\)/)),
    curl: find(/^ +(curl .*idempotency-key.*)$/m),
  };
}
