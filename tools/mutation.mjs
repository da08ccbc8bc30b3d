/**
 * `npm run mutation`: breaks the rules of `domain`, one at a time, and asks its
 * tests whether they notice; fewer than 85 of 100 noticed fail the run.
 * `-- --mutate packages/domain/src/policy/*.ts` breaks some of them.
 */
import { become, gates, install, requireNode } from "./setup.mjs";

requireNode();
await install();
await install(gates);
const stryker = "tools/gates/node_modules/@stryker-mutator/core/bin/stryker.js";
become([stryker, "run", "tools/gates/stryker.config.mjs", ...process.argv.slice(2)]);
