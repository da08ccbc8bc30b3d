import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createHoldfast, type Holdfast } from "holdfast";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { WorkerFleet } from "../../src/demo/worker-fleet.ts";
import { runCli } from "../support/run-cli.ts";

const env = { REDIS_URL: inject("redisUrl"), HOLDFAST_NAMESPACE: `replay-${randomUUID()}` };
const SESSIONS = 40;
const INPUTS = 400;

let folder = "";
let fleet: WorkerFleet;
let holdfast: Holdfast;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-replay-"));
  fleet = new WorkerFleet({ size: 1, env, onCrash: () => {}, onGivenUp: () => {} });
  holdfast = await createHoldfast({ redis: env.REDIS_URL, namespace: env.HOLDFAST_NAMESPACE });
});
afterAll(async () => {
  await holdfast.close();
  await fleet.stop();
  rmSync(folder, { recursive: true });
});

interface Line {
  readonly session: string;
  readonly key: string;
  readonly kind: "prompt";
  readonly text: string;
  readonly at: string;
  readonly author: string;
}

/** Inputs of skewed sessions, with ids and texts that ask for trouble. */
function generate(name: string): Line[] {
  return Array.from({ length: INPUTS }, (_, index) => ({
    session: `${name}/a:b {${Math.floor(SESSIONS * (index / INPUTS) ** 2 * ((index * 7) % 3))}} ü`,
    key: `key ${index}`,
    kind: "prompt",
    text: `line ${index}\n"quoted" \u0000 日本 ${"x".repeat((index * 37) % 500)}`,
    at: new Date(1_700_000_000_000 + index * 1_000).toISOString(),
    author: "Ada",
  }));
}

function expectationsOf(lines: readonly Line[]) {
  const held = new Map<string, { count: number; chain: string }>();
  for (const { session, key, text } of lines) {
    const { count, chain } = held.get(session) ?? { count: 0, chain: "" };
    const next = createHash("sha256").update(`${chain}\n${key}\n${text}`).digest("hex");
    held.set(session, { count: count + 1, chain: next });
  }
  return [...held].map(([session, fold]) => ({ session, ...fold }));
}

function write(name: string, lines: readonly unknown[]): string {
  const file = join(folder, name);
  writeFileSync(
    file,
    gzipSync(lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n")),
  );
  return file;
}

const replay = (...args: string[]) => runCli(["replay", ...args], { env });

describe("a replay through a real worker", () => {
  it("ends every session as it must, and a second run admits nothing again", async () => {
    const lines = generate("whole");
    const file = write("whole.jsonl.gz", lines);
    const expected = write("whole.expected.jsonl.gz", expectationsOf(lines));

    const first = await replay(file, "--expect", expected);
    const second = await replay(file, "--expect", expected, "--json");

    expect(first.stderr.split("\n").filter((line) => line.includes("warning"))).toEqual([]);
    expect(first.stdout).toMatch(
      /^400 admitted in .*, 400 done, 0 failed, 0 bad lines\nright: \d+ sessions right, 0 wrong; /,
    );
    expect(first.code).toBe(0);
    expect(second.code).toBe(0);
    expect(JSON.parse(second.stdout)).toMatchObject({
      admitted: 400,
      deduplicated: 400,
      done: 400,
      verdict: { isRight: true },
    });
  });

  it("keeps time and unknown fields of the file", async () => {
    const [line] = generate("fields");
    const file = write("fields.jsonl.gz", [line]);

    await replay(file);

    const { ref } = holdfast.session(line?.session ?? "");
    expect(await holdfast.runtime.inputState(ref, { key: "key 0" })).toMatchObject({
      input: { timestamp: line?.at, metadata: { author: "Ada" } },
    });
  });

  it("reports bad lines by number, goes on, and ends with 1", async () => {
    const [one, two] = generate("bad");
    const file = write("bad.jsonl.gz", [one, "{", "", { ...two, key: undefined }, two]);

    const { code, stdout, stderr } = await replay(file, "--no-wait");

    expect(code).toBe(1);
    expect(stdout).toMatch(/^2 admitted in .*, 0 failed, 2 bad lines\n/);
    expect(stderr).toContain("warning: line 2 is not JSON\n");
    expect(stderr).toContain("warning: line 4 key: is missing\n");
  });

  it("counts what the store refuses as failed, and ends with 1", async () => {
    const [one, two] = generate("refused");
    await replay(write("accepted.jsonl.gz", [one]));

    const { code, stdout, stderr } = await replay(write("refused.jsonl.gz", [{ ...one, text: "another" }, two]));

    expect(code).toBe(1);
    expect(stdout).toMatch(/^1 admitted in .*, 1 done, 1 failed, .*\n {2}1 x idempotency.mismatch\n/);
    expect(stderr).toContain("line 1 failed: idempotency.mismatch (session");
  });

  it("says which sessions are wrong, and ends with 1", async () => {
    const lines = generate("wrong");
    const expected = expectationsOf(lines).map((fold, index) =>
      index === 0 ? { ...fold, count: fold.count + 1 } : fold,
    );

    const { code, stdout } = await replay(
      write("wrong.jsonl.gz", lines),
      "--expect",
      write("wrong.expected.jsonl.gz", expected),
    );

    expect(code).toBe(1);
    expect(stdout).toMatch(/\nWRONG: \d+ sessions right, 1 wrong; 1 inputs lost, 0 doubled, /);
  });

  it("stops at Ctrl-C, says how to go on, and ends with 130", async () => {
    const [line] = generate("stopped");
    const { ref } = holdfast.session(line?.session ?? "");
    const file = write("stopped.jsonl.gz", [line]);
    const isAdmitted = async () => expect((await holdfast.runtime.findSession(ref))?.admitted).toBe(1);

    const { code, stdout } = await runCli(["replay", file, "--executor", "nobody-hosts-this"], {
      env,
      // Polled, because the only sign of an admission by another process is the session itself.
      interruptAfter: () => vi.waitFor(isAdmitted, { timeout: 60_000 }),
    });

    expect(code).toBe(130);
    expect(stdout).toMatch(/^1 admitted in .*, 0 done, 0 failed, 0 bad lines\nstopped; run it again to go on: /);
  });
});
