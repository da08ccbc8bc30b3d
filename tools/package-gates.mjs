/**
 * `npm run package-gates`: packs every published package and asks publint and
 * attw whether who installs it can import it, with its types.
 */
import { join } from "node:path";
import { packAll, publishedPackages } from "./pack.mjs";
import { build, gates, install, requireNode, run, step } from "./setup.mjs";

requireNode();
await install();
await install(gates);
await build(["build", "declarations"]);
const packed = await packAll(publishedPackages());
const bin = join(gates, "node_modules", ".bin");
for (const { name, tarball } of packed) {
  await step(`publint ${name}`, () => run(join(bin, "publint"), ["run", tarball, "--strict"]));
  await step(`attw ${name}`, () => checkTypes(tarball));
}
console.log(`${packed.length} packages can be installed`);

/**
 * ES modules alone: who requires them gets them by Node's own means. A package without any types would pass.
 *
 * @param {string} tarball
 */
async function checkTypes(tarball) {
  const { code, output } = await run(join(bin, "attw"), [tarball, "--profile", "esm-only", "--format", "ascii"]);
  return { code: output.includes("does not contain types") ? 1 : code, output };
}
