/**
 * `npm run histories`: loads what earlier versions left behind and steps it with
 * this one. `-- --record` keeps the standings instead, as this version writes them.
 */
import { readFileSync } from "node:fs";
import { become, install, requireNode } from "./setup.mjs";

requireNode();
await install();
if (process.argv.includes("--record")) {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  process.env["HOLDFAST_RECORD_HISTORIES"] = version;
}
const test = "packages/store-redis/test/history/histories.redis.test.ts";
become(["node_modules/vitest/vitest.mjs", "run", "--project", "redis", test]);
