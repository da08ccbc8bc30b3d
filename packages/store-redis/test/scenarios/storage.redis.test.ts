import { Redis } from "ioredis";
import { describe, inject } from "vitest";
import { describeCollection } from "../../../runtime/test/scenarios/collection.ts";
import { describeLargeContent } from "../../../runtime/test/scenarios/large-content.ts";
import { describeLimitedSessions } from "../../../runtime/test/scenarios/limits.ts";
import { describeRetained } from "../../../runtime/test/scenarios/retention.ts";
import { type Corrupt, describeStorage } from "../../../runtime/test/scenarios/storage.ts";
import type { RedisStore } from "../../src/index.ts";
import { openRedisStage } from "./redis-stage.ts";

const corrupt: Corrupt = async (store, { ref, inputId }) => {
  const client = new Redis(inject("redisUrl"));
  await client.hset((store as RedisStore).keys.session(ref).session, `i${inputId}`, "no row at all");
  client.disconnect();
  return store;
};

describe("what is kept, on Redis", () => {
  describeStorage(openRedisStage, corrupt);
  describeLimitedSessions(openRedisStage);
  describeCollection(openRedisStage);
  describeLargeContent(openRedisStage);
  describeRetained(openRedisStage);
});
