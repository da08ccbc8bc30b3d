/**
 * One private Redis for the `redis` project. `HOLDFAST_TEST_REDIS_URL` names
 * another one to use instead.
 */
import { startPrivateRedis } from "@holdfast/redis-server";
import type { TestProject } from "vitest/node";

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env["HOLDFAST_TEST_REDIS_URL"];
  if (given !== undefined) {
    project.provide("redisUrl", given);
    return undefined;
  }

  const server = await startPrivateRedis();
  project.provide("redisUrl", server.url);
  return () => server.stop();
}
