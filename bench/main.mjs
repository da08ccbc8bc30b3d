/**
 * `npm run bench`: installs, builds and measures Holdfast beside plain BullMQ,
 * on a Redis of its own. `npm run bench -- --help` lists the options.
 */
import { findRedisServer, installHint } from "../tools/redis-binary.mjs";
import { become, build, fail, install, requireNode, run, step } from "../tools/setup.mjs";

requireNode();
await install();
await build();
await step("bundling the bench", () => run("npm", ["run", "bundle", "-w", "@holdfast/bench"]));
if (findRedisServer() === null) fail(installHint);
become(["bench/dist/main.mjs", ...process.argv.slice(2)]);
