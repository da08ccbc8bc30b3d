import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../dist/main.mjs", import.meta.url));

/** What a command came to. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** Sends the interrupt of a terminal when this resolves. */
  readonly interruptAfter?: () => Promise<unknown>;
}

/** Runs the built command in a process of its own, as a user does. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { REDIS_URL: _unused, ...inherited } = process.env;
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...inherited, NO_COLOR: "1", ...options.env },
    cwd: options.cwd,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.end(options.stdin ?? "");
  const closed = once(child, "close");
  if (options.interruptAfter !== undefined) {
    await options.interruptAfter();
    child.kill("SIGINT");
  }
  const [code] = (await closed) as [number | null];
  return { code: code ?? -1, stdout, stderr };
}
