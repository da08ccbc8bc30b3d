import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAppError } from "@holdfast/contracts";
import { expect, it, onTestFinished } from "vitest";
import {
  type Environment,
  findVariable,
  readEnvironment,
  VARIABLES,
  type VariableName,
} from "../../src/process/index.ts";

const NAMES = Object.keys(VARIABLES) as VariableName[];
const REDIS_URL = "redis://127.0.0.1:6379";

/** What refuses an environment, as one line. */
function refusal(env: Environment): string {
  try {
    readEnvironment(env, NAMES);
  } catch (error) {
    if (isAppError(error, "config.invalid")) return error.message;
    throw error;
  }
  return "none";
}

/** A file that goes with the test. */
function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-environment-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "secret"), text);
  return join(folder, "secret");
}

it("needs nothing but where Redis is", () => {
  expect(readEnvironment({ REDIS_URL, PATH: "/bin" }, NAMES)).toEqual({
    REDIS_URL,
    HOLDFAST_WAKE_REDIS_URL: undefined,
    HOLDFAST_NAMESPACE: "hf",
    HOLDFAST_BUCKETS: 64,
    HOLDFAST_TENANT: "default",
    HOLDFAST_CONCURRENCY: 128,
    HOLDFAST_LEASE_MS: 10_000,
    HOLDFAST_GRACE_MS: 20_000,
    HOLDFAST_HOST: "127.0.0.1",
    HOLDFAST_PORT: 8080,
    HOLDFAST_DRAIN_MS: 0,
    HOLDFAST_LOG_LEVEL: "info",
  });
});

it("takes numbers as numbers, and reads only what it is asked for", () => {
  const env = { REDIS_URL, HOLDFAST_LEASE_MS: "5000", HOLDFAST_PORT: "http" };

  expect(readEnvironment(env, ["REDIS_URL", "HOLDFAST_LEASE_MS"])).toEqual({ REDIS_URL, HOLDFAST_LEASE_MS: 5_000 });
});

it("takes an empty variable as absent", () => {
  expect(readEnvironment({ REDIS_URL, HOLDFAST_PORT: "", HOLDFAST_NAMESPACE: "" }, NAMES)).toEqual(
    readEnvironment({ REDIS_URL }, NAMES),
  );
});

it.each([
  [{}, "REDIS_URL is not set"],
  [{ REDIS_URL: "http://127.0.0.1" }, "REDIS_URL is no redis:// or rediss:// URL"],
  [{ REDIS_URL, HOLDFAST_PORT: "http" }, "HOLDFAST_PORT is not a whole number"],
  [{ REDIS_URL, HOLDFAST_PORT: "65536" }, "HOLDFAST_PORT is more than 65535"],
  [{ REDIS_URL, HOLDFAST_BUCKETS: "0" }, "HOLDFAST_BUCKETS is less than 1"],
  [{ REDIS_URL, HOLDFAST_BUCKETS: "-1" }, "HOLDFAST_BUCKETS is not a whole number"],
  [{ REDIS_URL, HOLDFAST_CONCURRENCY: "0" }, "HOLDFAST_CONCURRENCY is less than 1"],
  [{ REDIS_URL, HOLDFAST_GRACE_MS: "1e3" }, "HOLDFAST_GRACE_MS is not a whole number"],
  [{ REDIS_URL, HOLDFAST_LEASE_MS: "999" }, "HOLDFAST_LEASE_MS is less than 1000"],
  [{ REDIS_URL, HOLDFAST_LEASE_MS: "600001" }, "HOLDFAST_LEASE_MS is more than 600000"],
  [{ REDIS_URL, HOLDFAST_LEASE_MS: "10s" }, "HOLDFAST_LEASE_MS is not a whole number"],
  [
    { REDIS_URL, HOLDFAST_NAMESPACE: "a b" },
    "HOLDFAST_NAMESPACE is not a name of letters, digits, dot, dash and underscore",
  ],
  [
    { REDIS_URL, HOLDFAST_LOG_LEVEL: "loud" },
    "HOLDFAST_LOG_LEVEL is none of trace, debug, info, warn, error, fatal, silent",
  ],
  [{ HOLDFAST_PORT: "x" }, "REDIS_URL is not set; HOLDFAST_PORT is not a whole number"],
])("refuses %j in one line", (env, message) => {
  expect(refusal(env)).toBe(message);
});

it("repeats no value, because one may be a secret", () => {
  expect(refusal({ REDIS_URL: "http://user:hunter2@redis" })).not.toContain("hunter2");
});

it("reads a secret from the file that its _FILE variable names, and nothing else from a file", () => {
  const file = fileWith(`${REDIS_URL}\n`);

  expect(readEnvironment({ REDIS_URL_FILE: file }, ["REDIS_URL"])).toEqual({ REDIS_URL });
  expect(findVariable({ HOLDFAST_HOST_FILE: file }, "HOLDFAST_HOST")).toBeUndefined();
});

it("takes the variable itself before its file", () => {
  expect(findVariable({ REDIS_URL, REDIS_URL_FILE: "/nowhere/url" }, "REDIS_URL")).toBe(REDIS_URL);
});

it("refuses a secret's file that cannot be read", () => {
  expect(refusal({ REDIS_URL_FILE: "/nowhere/url" })).toBe("REDIS_URL_FILE names /nowhere/url, which cannot be read");
});
