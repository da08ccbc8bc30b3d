import { expect, it } from "vitest";
import { readApiConfig } from "../../src/config/api-config.ts";

it("takes every setting from the environment", () => {
  const env = {
    REDIS_URL: "redis://127.0.0.1:6379",
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

it("refuses what cannot be used", () => {
  expect(() => readApiConfig({ REDIS_URL: "redis://127.0.0.1:6379", HOLDFAST_PORT: "65536" })).toThrow(
    expect.objectContaining({ code: "config.invalid", message: "HOLDFAST_PORT is more than 65535" }),
  );
});
