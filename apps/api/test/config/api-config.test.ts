import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readApiConfig } from "../../src/config/api-config.ts";

const redis = { REDIS_URL: "redis://127.0.0.1:6379" };

/** What refuses an environment, as one line. */
function refusal(env: Record<string, string>): string {
  try {
    readApiConfig(env);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
  throw new Error("was accepted");
}

it("needs only to know where Redis is", () => {
  expect(readApiConfig(redis)).toEqual({
    connection: { redis: "redis://127.0.0.1:6379" },
    host: "127.0.0.1",
    port: 8080,
    drainMs: 0,
    logLevel: "info",
  });
});

it("reads every setting", () => {
  const env = {
    ...redis,
    HOLDFAST_WAKE_REDIS_URL: "rediss://queue:6380",
    HOLDFAST_HOST: "0.0.0.0",
    HOLDFAST_PORT: "0",
    HOLDFAST_NAMESPACE: "prod",
    HOLDFAST_BUCKETS: "256",
    HOLDFAST_DRAIN_MS: "5000",
    HOLDFAST_LOG_LEVEL: "silent",
  };

  expect(readApiConfig(env)).toEqual({
    connection: { redis: env.REDIS_URL, wakeRedis: env.HOLDFAST_WAKE_REDIS_URL, namespace: "prod", buckets: 256 },
    host: "0.0.0.0",
    port: 0,
    drainMs: 5_000,
    logLevel: "silent",
  });
});

it("takes an empty variable as absent", () => {
  expect(readApiConfig({ ...redis, HOLDFAST_PORT: "", HOLDFAST_NAMESPACE: "" })).toEqual(readApiConfig(redis));
});

it.each([
  [{}, "REDIS_URL is not set"],
  [{ REDIS_URL: "http://127.0.0.1" }, "REDIS_URL is no redis:// or rediss:// URL"],
  [{ ...redis, HOLDFAST_PORT: "http" }, "HOLDFAST_PORT is not a whole number"],
  [{ ...redis, HOLDFAST_PORT: "65536" }, "HOLDFAST_PORT is more than 65535"],
  [{ ...redis, HOLDFAST_BUCKETS: "0" }, "HOLDFAST_BUCKETS is less than 1"],
  [{ ...redis, HOLDFAST_NAMESPACE: "a b" }, "HOLDFAST_NAMESPACE is not a name of letters, digits, dot, dash"],
  [{ ...redis, HOLDFAST_LOG_LEVEL: "loud" }, "HOLDFAST_LOG_LEVEL is none of trace, debug"],
  [{ HOLDFAST_PORT: "x" }, "REDIS_URL is not set; HOLDFAST_PORT is not a whole number"],
])("refuses %j in one line", (env, message) => {
  expect(refusal(env)).toContain(`config.invalid: ${message}`);
  expect(refusal(env)).not.toContain("\n");
});

it("repeats no value, because one may be a secret", () => {
  expect(refusal({ REDIS_URL: "http://user:hunter2@redis" })).not.toContain("hunter2");
});

describe("a secret in a file", () => {
  it("is read from it", () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-api-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "url");
    writeFileSync(file, "redis://:hunter2@redis:6379\n");

    expect(readApiConfig({ REDIS_URL_FILE: file }).connection.redis).toBe("redis://:hunter2@redis:6379");
  });

  it("that is not there is refused", () => {
    expect(refusal({ REDIS_URL_FILE: "/nowhere/url" })).toContain("REDIS_URL_FILE names /nowhere/url");
  });
});
