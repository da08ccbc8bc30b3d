import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text as readText } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, it, onTestFinished } from "vitest";

const program = fileURLToPath(new URL("../dist/main.mjs", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

function run(env: Record<string, string>, args: readonly string[] = []): Run {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = Promise.all([once(child, "close"), readText(child.stdout), readText(child.stderr)]).then(
    ([, stdout, stderr]) => ({ code: child.exitCode, stdout, stderr }),
  );
  return { child, ended };
}

let namespaces = 0;

/** Starts a server and waits until it says that it is ready. */
async function serve(env: Record<string, string> = {}): Promise<Run & { readonly url: string }> {
  namespaces += 1;
  const started = run({
    REDIS_URL: inject("redisUrl"),
    HOLDFAST_NAMESPACE: `api-${process.pid}-${namespaces}`,
    HOLDFAST_PORT: "0",
    HOLDFAST_LOG_LEVEL: "warn",
    ...env,
  });
  const { stdout } = started.child;
  if (stdout === null) throw new Error("no stdout");
  for await (const line of createInterface({ input: stdout })) {
    const { url } = JSON.parse(line) as { url: string };
    return { ...started, url };
  }
  throw new Error((await started.ended).stderr);
}

describe("the command", () => {
  it("explains itself with an example", async () => {
    const { code, stdout } = await run({}, ["--help"]).ended;

    expect(code).toBe(0);
    expect(stdout).toContain("Example:\n  $ REDIS_URL=");
  });

  it.each([
    [{}, [], "REDIS_URL is not set"],
    [{ REDIS_URL: "redis://x", HOLDFAST_PORT: "x" }, [], "HOLDFAST_PORT is not a whole number"],
    [{}, ["--port", "1"], "Unknown option '--port'"],
    [{}, ["serve"], "Unexpected argument 'serve'"],
  ])("refuses %j %j in one line", async (env, args, message) => {
    const { code, stderr } = await run(env, args).ended;

    expect(code).toBe(2);
    expect(stderr).toContain(`error[config.invalid]: ${message}`);
    expect(stderr.trim()).not.toContain("\n");
  });

  it("says when the port is taken, and ends", async () => {
    const { url } = await serve();

    const second = await run({ REDIS_URL: inject("redisUrl"), HOLDFAST_PORT: new URL(url).port }).ended;

    expect(second.code).toBe(2);
    expect(second.stderr).toContain("EADDRINUSE");
  });
});

describe("the server", () => {
  it("serves the API on the store", async () => {
    const { url } = await serve();
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ kind: "prompt", text: "hello", idempotencyKey: "msg-1" });

    const sent = await fetch(`${url}/v1/sessions/chat%2F42/inputs?executor=echo`, { method: "POST", headers, body });
    const again = await fetch(`${url}/v1/sessions/chat%2F42/inputs`, { method: "POST", headers, body });
    const ready = await fetch(`${url}/readyz`);

    expect([sent.status, again.status, ready.status]).toEqual([202, 200, 200]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
  });

  it.each(["SIGTERM", "SIGINT"] as const)("ends with 0 on %s, with streams told to come back", async (signal) => {
    const { url, child, ended } = await serve();
    await fetch(`${url}/v1/sessions/s`, { method: "PUT" });
    const stream = await fetch(`${url}/v1/sessions/s/events`);

    child.kill(signal);

    expect(await stream.text()).toMatch(/retry: 3000\n\n$/);
    expect((await ended).code).toBe(0);
  });

  it("ends with 1 on the second signal", async () => {
    const { url, child, ended } = await serve({ HOLDFAST_DRAIN_MS: "600000" });
    child.kill("SIGTERM");
    let status = 200;
    // The signal arrives when it arrives; from then on the server says that it is not ready.
    while (status === 200) ({ status } = await fetch(`${url}/readyz`));

    child.kill("SIGTERM");

    expect((await ended).code).toBe(1);
    expect(status).toBe(503);
  });
});
