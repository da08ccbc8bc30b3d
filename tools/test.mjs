/**
 * `npm test`: installs, builds and runs every test, against a real Redis.
 *
 * No Redis on the machine is a reason to get one or to stop, never to test less.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { findRedisServer, installHint } from "./redis-binary.mjs";
import { become, build, fail, install, requireNode, run, step } from "./setup.mjs";

requireNode();
await install();
await build();
if (process.env["HOLDFAST_TEST_REDIS_URL"] === undefined) await requireRedis();
become(["node_modules/vitest/vitest.mjs", "run", ...process.argv.slice(2)]);

async function requireRedis() {
  if (findRedisServer() !== null) return;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) fail(installHint);
  await step("no redis-server here, installing it with apt-get", () => withoutServices(installRedis));
  if (findRedisServer() === null) fail(installHint);
}

async function installRedis() {
  const apt = ["-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"];
  const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const updated = await run("apt-get", ["update"], env);
  if (updated.code !== 0) return updated;
  const installed = await run("apt-get", ["install", ...apt, "redis-server"], env);
  // Not at the next boot either. A machine without init scripts has nothing to disable.
  await run("update-rc.d", ["redis-server", "disable"]);
  return installed;
}

/**
 * Keeps Debian from starting the service it installs: the tests start their
 * own server, and port 6379 of this machine is not theirs.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withoutServices(work) {
  const policy = "/usr/sbin/policy-rc.d";
  if (existsSync(policy)) return work();
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return await work();
  } finally {
    rmSync(policy);
  }
}
