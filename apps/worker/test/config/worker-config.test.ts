import { expect, it } from "vitest";
import { readWorkerConfig } from "../../src/config/worker-config.ts";

it("takes every setting from the environment", () => {
  const env = {
    REDIS_URL: "rediss://user:secret@cache:6380/2",
    HOLDFAST_WAKE_REDIS_URL: "redis://127.0.0.1:6379",
    HOLDFAST_NAMESPACE: "shop",
    HOLDFAST_BUCKETS: "256",
    HOLDFAST_CONCURRENCY: "7",
    HOLDFAST_LEASE_MS: "5000",
    HOLDFAST_GRACE_MS: "0",
    HOLDFAST_LOG_LEVEL: "debug",
  };

  expect(readWorkerConfig(env)).toEqual({
    connection: { redis: env.REDIS_URL, wakeRedis: env.HOLDFAST_WAKE_REDIS_URL, namespace: "shop", buckets: 256 },
    concurrency: 7,
    leaseMs: 5_000,
    graceMs: 0,
    logLevel: "debug",
  });
});

it("refuses what cannot be used", () => {
  expect(() => readWorkerConfig({ REDIS_URL: "redis://127.0.0.1:6379", HOLDFAST_LEASE_MS: "1" })).toThrow(
    expect.objectContaining({ code: "config.invalid", message: "HOLDFAST_LEASE_MS is less than 1000" }),
  );
});
