import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAppError } from "holdfast";
import { describe, expect, it } from "vitest";
import { readWorkerConfig } from "../../src/config/worker-config.ts";

const REDIS_URL = "redis://127.0.0.1:6379";

function refusal(env: Record<string, string>): string {
  try {
    readWorkerConfig(env);
  } catch (error) {
    if (isAppError(error, "config.invalid")) return error.message;
    throw error;
  }
  return "none";
}

describe("readWorkerConfig", () => {
  it("needs nothing but where Redis is", () => {
    expect(readWorkerConfig({ REDIS_URL, PATH: "/bin" })).toEqual({
      redis: REDIS_URL,
      concurrency: 128,
      graceMs: 20_000,
      logLevel: "info",
    });
  });

  it("takes every setting from the environment", () => {
    const config = readWorkerConfig({
      REDIS_URL: "rediss://user:secret@cache:6380/2",
      HOLDFAST_WAKE_REDIS_URL: REDIS_URL,
      HOLDFAST_NAMESPACE: "shop",
      HOLDFAST_BUCKETS: "256",
      HOLDFAST_CONCURRENCY: "7",
      HOLDFAST_GRACE_MS: "0",
      HOLDFAST_LOG_LEVEL: "debug",
    });

    expect(config).toEqual({
      redis: "rediss://user:secret@cache:6380/2",
      wakeRedis: REDIS_URL,
      namespace: "shop",
      buckets: 256,
      concurrency: 7,
      graceMs: 0,
      logLevel: "debug",
    });
  });

  it("takes an empty variable for an absent one", () => {
    expect(readWorkerConfig({ REDIS_URL, HOLDFAST_BUCKETS: "" })).not.toHaveProperty("buckets");
  });

  it("reads a secret from the file that its _FILE variable names", () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-worker-"));
    writeFileSync(join(folder, "url"), `${REDIS_URL}\n`);

    const config = readWorkerConfig({ REDIS_URL_FILE: join(folder, "url") });

    expect(config.redis).toBe(REDIS_URL);
    rmSync(folder, { recursive: true });
  });

  it("says in one line what is wrong, without repeating a value", () => {
    const env = { REDIS_URL: "http://user:secret@host", HOLDFAST_BUCKETS: "-1", HOLDFAST_LOG_LEVEL: "loud" };

    expect(refusal(env)).toBe(
      "REDIS_URL is no redis:// or rediss:// URL; HOLDFAST_BUCKETS is not a whole number from 1; " +
        "HOLDFAST_LOG_LEVEL is none of trace, debug, info, warn, error, fatal, silent",
    );
  });

  it.each([
    [{}, "REDIS_URL is not set"],
    [{ REDIS_URL_FILE: "/nowhere/url" }, "REDIS_URL_FILE names /nowhere/url, which cannot be read"],
    [{ REDIS_URL, HOLDFAST_GRACE_MS: "1e3" }, "HOLDFAST_GRACE_MS is not a number of milliseconds"],
    [{ REDIS_URL, HOLDFAST_CONCURRENCY: "0" }, "HOLDFAST_CONCURRENCY is not a whole number from 1"],
    [
      { REDIS_URL, HOLDFAST_NAMESPACE: "a b" },
      "HOLDFAST_NAMESPACE is not a name of letters, digits, dot, dash and underscore",
    ],
  ])("refuses %j", (env, message) => {
    expect(refusal(env as Record<string, string>)).toBe(message);
  });
});
