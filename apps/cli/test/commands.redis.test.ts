import { randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { WorkerFleet } from "../src/demo/worker-fleet.ts";
import { type CliOptions, type CliResult, runCli } from "./support/run-cli.ts";

const namespace = `cli-${randomUUID()}`;
const env = { REDIS_URL: inject("redisUrl"), HOLDFAST_NAMESPACE: namespace };
let fleet: WorkerFleet;

beforeAll(() => {
  fleet = new WorkerFleet({ size: 1, env, onCrash: () => {}, onGivenUp: () => {} });
});
afterAll(() => fleet.stop());

const holdfast = (args: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  runCli(args, { ...options, env: { ...env, ...options.env } });

async function keysOf(other: string): Promise<string[]> {
  const client = new Redis(env.REDIS_URL);
  try {
    return await client.keys(`*${other}*`);
  } finally {
    client.disconnect();
  }
}

async function json(...args: string[]): Promise<unknown> {
  const { stdout, stderr, code } = await holdfast([...args, "--json"]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe("a session", () => {
  it("is created, bound and revived by registering it", async () => {
    const created = await holdfast(["register", "chat/registered", "--executor", "fold"]);
    await holdfast(["stop", "chat/registered"]);
    const refused = await holdfast(["send", "chat/registered", "hello"]);
    const revived = await holdfast(["register", "chat/registered", "--executor", "echo", "--on-failure", "defer"]);
    const sent = await holdfast(["send", "chat/registered", "hello", "--wait", "60"]);

    expect(created).toMatchObject({ code: 0, stdout: "registered chat/registered: attached, runs on fold\n" });
    expect(refused.stderr).toMatch(/^error\[session\.not_accepting\]: .*\n.*holdfast register/);
    expect(revived).toMatchObject({ code: 0, stdout: "registered chat/registered: attached, runs on echo\n" });
    expect(sent.stdout).toContain('completed at 1: "hello"');
  });

  it("cannot be bound to what is no executor's name, nor fail in a way that is none", async () => {
    const name = await holdfast(["register", "chat/1", "--executor", "a b"]);
    const mode = await holdfast(["register", "chat/1", "--executor", "echo", "--on-failure", "panic"]);

    expect(name).toMatchObject({ stdout: "", stderr: expect.stringMatching(/^error\[config\.invalid\]: /) as unknown });
    expect(mode.code).not.toBe(0);
    expect(mode.stderr).toContain("hold, defer");
  });
});

describe("the command", () => {
  it("sends, waits for the outcome, and knows the key again", async () => {
    const first = await holdfast([
      "send",
      "chat/1",
      "Hello",
      "there",
      "--executor",
      "echo",
      "--key",
      "a",
      "--wait",
      "60",
    ]);
    const second = await holdfast(["send", "chat/1", "Hello there", "--key", "a"]);
    const other = await holdfast(["send", "chat/1", "something else", "--key", "a"]);

    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/^accepted inp_\S+ as #1 of chat\/1, queued, key a\ncompleted at 1: "Hello there"\n$/);
    expect(second.stdout).toMatch(/^deduplicated: inp_\S+, #1 of chat\/1, has key a; it is consumed\n$/);
    expect(other).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^error\[idempotency.mismatch\]: /),
    });
  });

  it("sends what standard input says, of any kind, with fields of its own", async () => {
    const sent = ["send", "build/1", "-", "--kind", "external_event", "--set", "eventType=push", "--set", "size=3"];
    const { code } = await holdfast([...sent, "--executor", "echo", "--wait", "60"], { stdin: "main moved\n" });

    expect(code).toBe(0);
    expect(await json("inspect", "build/1")).toMatchObject({
      inputs: [{ input: { kind: "external_event", eventType: "push", payload: "main moved", metadata: { size: 3 } } }],
    });
  });

  it("shows a session: its events, its state, its inputs and receipts", async () => {
    await holdfast(["send", "chat/2", "one", "--executor", "fold", "--key", "k", "--wait", "60"]);

    const events = await holdfast(["events", "chat/2"]);
    const after = await holdfast(["events", "chat/2", "--after", "2", "--json"]);
    const inspected = await holdfast(["inspect", "chat/2"]);

    expect(events.stdout).toMatch(
      / 1\.\d {2}\S+ {2}topology\.runtime_created [^]*input\.accepted [^]*run\.started [^]*run\.completed /,
    );
    expect(
      after.stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { id: string }).id.split(".")[0]),
    ).toEqual(["3", "3", "4", "4", "4"]);
    expect(inspected.stdout).toContain('"count":1');
    expect(inspected.stdout).toMatch(/\ninputs\n.*\n *1 {2}inp_\S+ {2}prompt {2}consumed +1 {2}completed {2}one\n/);
    expect(inspected.stdout).toMatch(/\nreceipts\n.*\n *1 {2}run_\S+ +1 {2}completed +1 /);
  });

  it("explains a session without a worker, and lists it", async () => {
    await holdfast(["send", "chat/3", "one", "--executor", "nobody-hosts-this"]);

    expect(await json("explain", "chat/3")).toMatchObject({ sessionId: "chat/3", state: "attached" });
    expect((await holdfast(["explain", "chat/3"])).stdout).toMatch(/\nlegal verbs +retire, /);
    const { sessions } = (await json("sessions", "--limit", "1000")) as { sessions: { sessionId: string }[] };
    expect(sessions.map(({ sessionId }) => sessionId)).toContain("chat/3");
    expect((await holdfast(["sessions"])).stdout).toMatch(/^session +state +executor +admitted/);
  });

  it("lists in pages", async () => {
    const seen: string[] = [];
    for (let after: string | null = null; ; ) {
      const page: unknown = await json("sessions", "--limit", "2", ...(after === null ? [] : ["--after", after]));
      const { sessions, next } = page as { sessions: { sessionId: string }[]; next: string | null };
      seen.push(...sessions.map(({ sessionId }) => sessionId));
      after = next;
      if (after === null) break;
    }

    expect(seen.length).toBeGreaterThanOrEqual(4);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("controls a session once per request id", async () => {
    await holdfast(["send", "chat/4", "one", "--executor", "echo", "--wait", "60"]);

    const retired = await holdfast(["retire", "chat/4", "--request-id", "r1"]);
    const refused = await holdfast(["send", "chat/4", "two"]);
    const repeated = await json("retire", "chat/4", "--request-id", "r1");

    expect(retired.stdout).toBe("retire chat/4: idle -> retired\n");
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error\[session.not_accepting\]: .*\nhint: /),
    });
    expect(repeated).toMatchObject({ verb: "retire", phaseBefore: "idle", phaseAfter: "retired" });
    expect((await holdfast(["recycle", "chat/4"])).stdout).toBe("recycle chat/4: retired -> idle\n");
    expect((await holdfast(["destroy", "chat/4"])).stdout).toBe("destroy chat/4: idle -> destroyed\n");
  });

  it("shows the stream of a run, from an offset on, and says that none is in progress", async () => {
    const { outcome } = (await json("send", "chat/streamed", "hello", "--executor", "echo", "--wait", "60")) as {
      readonly outcome: { readonly runId: string };
    };
    const { runId } = outcome;

    const shown = await holdfast(["stream", "chat/streamed", "--run", runId]);
    const closed = { type: "closed", offset: 1, status: "completed", isTruncated: false, runId };

    expect(shown).toMatchObject({ code: 0, stdout: `\n-- run ${runId} completed\n` });
    expect(await json("stream", "chat/streamed", "--run", runId)).toEqual(closed);
    expect(await holdfast(["stream", "chat/streamed"])).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining("no run is in progress") as unknown,
    });
    expect((await holdfast(["stream", "chat/streamed", "--run", "run_of_nobody"])).stderr).toMatch(
      /^error\[run\.not_found\]/,
    );
  });

  it("follows events until it is told to stop", async () => {
    await holdfast(["send", "chat/5", "one", "--executor", "echo", "--wait", "60"]);
    const following = holdfast(["events", "chat/5", "--follow", "--json"]);
    await holdfast(["send", "chat/5", "two", "--wait", "60"]);
    await holdfast(["destroy", "chat/5"]);

    const { code, stdout } = await following;

    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { id: string; cursor: number });
    const cursors = [...new Set(events.map(({ cursor }) => cursor))];
    expect(code).toBe(0);
    expect(cursors.length).toBeGreaterThan(6);
    expect(cursors).toEqual(cursors.map((_, index) => index + 1));
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it("lets the doctor look at everything", async () => {
    // A session that nobody hosts is a finding.
    expect((await holdfast(["doctor"])).code).toBe(1);
    await holdfast(["stop", "chat/3"]);

    const { code, stdout } = await holdfast(["doctor"]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok +server +Redis 7/);
    expect(stdout).toMatch(/\nok +worker nod_\S+ +hosts .*fold@1/);
    expect((await holdfast(["doctor", "--buckets", "7"])).code).toBe(1);
  });
});

describe("a namespace without a store", () => {
  it.each([
    ["sessions"],
    ["inspect", "chat/1"],
    ["explain", "chat/1"],
    ["events", "chat/1"],
    ["retire", "chat/1"],
    ["interrupt", "chat/1"],
    ["send", "chat/1", "hello"],
  ])("is named by %s, and not made into one", async (...args) => {
    const other = `typo-${randomUUID()}`;
    const { code, stdout, stderr } = await holdfast([...args, "--namespace", other]);

    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^error\[store.not_found\]: .*typo-.*\nhint: check --namespace/);
    expect(await keysOf(other)).toEqual([]);
  });

  it("is looked at by the doctor without a trace", async () => {
    const other = `typo-${randomUUID()}`;

    const { stdout } = await holdfast(["doctor", "--namespace", other]);

    expect(stdout).toMatch(/warn +store +no store in this/);
    expect(await keysOf(other)).toEqual([]);
  });
});

describe("a failure", () => {
  it("names what is missing and what to do, without a Redis (exit code 2)", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
    const { code, stderr } = await runCli(["sessions"], { cwd });

    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error\[config.invalid\]: .*\nhint: pass --redis URL, set REDIS_URL, or start `holdfast dev`/,
    );
  });

  it("is of the usage, and points to the help (exit code 2)", async () => {
    const { code, stderr } = await holdfast(["sessions", "--limit", "none"]);

    expect(code).toBe(2);
    expect(stderr).toMatch(/^error\[usage\]: .*whole number.*\nhint: /);
  });

  it("is unavailability when nobody answers, and says how to repeat safely (exit code 3)", async () => {
    const { code, stderr } = await runCli(["retire", "chat/1", "--redis", "redis://:secret@127.0.0.1:1"]);

    expect(code).toBe(3);
    expect(stderr).toMatch(/^error\[store.unavailable\]: .*\nhint: /);
    expect(stderr).not.toContain("secret");
  });

  it("is unavailability when the outcome takes too long (exit code 3)", async () => {
    const { code, stderr } = await holdfast([
      "send",
      "chat/6",
      "one",
      "--executor",
      "nobody-hosts-this",
      "--wait",
      "0.2",
    ]);

    expect(code).toBe(3);
    expect(stderr).toMatch(/^error\[wait.timeout\]: /);
  });

  it("is JSON for machines", async () => {
    const { code, stderr } = await holdfast(["inspect", "none", "--json"]);

    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "session.not_found", isRetryable: false } });
  });

  it("never lets a session id act on the terminal", async () => {
    const { stderr } = await holdfast(["inspect", "a\u001b[31mb"]);

    expect(stderr).toMatch(/^error\[id.invalid\]: /);
    expect(stderr).not.toContain("\u001b");
  });
});
