/**
 * Published packages as tarballs, each as it is installed: the manifest without
 * the condition that leads to sources, a README of its own, and the licence.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, root, run } from "./setup.mjs";

const SOURCE = "@holdfast/source";
const folder = join(root, "node_modules", ".cache", "packages");

/** @typedef {{ readonly name: string, readonly version: string, readonly private?: boolean, readonly exports: Exports }} Manifest */
/** @typedef {{ readonly [path: string]: string | Readonly<Record<string, string>> }} Exports */

/** Folders of the packages that are published. */
export function publishedPackages() {
  return readdirSync(join(root, "packages"))
    .map((name) => join(root, "packages", name))
    .filter((path) => existsSync(join(path, "package.json")) && manifestOf(path).private !== true);
}

/**
 * Packs the packages anew; answers each with its tarball.
 *
 * @param {readonly string[]} paths
 * @returns {Promise<{ readonly name: string, readonly tarball: string }[]>}
 */
export async function packAll(paths) {
  rmSync(folder, { recursive: true, force: true });
  /** @type {{ name: string, tarball: string }[]} */
  const packed = [];
  for (const path of paths) packed.push(await pack(path));
  return packed;
}

/** @param {string} path */
async function pack(path) {
  const manifest = manifestOf(path);
  const stage = join(folder, manifest.name.replace("/", "-"));
  mkdirSync(stage, { recursive: true });
  for (const needed of ["dist", "README.md"]) {
    if (!existsSync(join(path, needed))) fail(`${manifest.name} has no ${needed}`);
  }
  cpSync(join(path, "dist"), join(stage, "dist"), { recursive: true });
  copyFileSync(join(path, "README.md"), join(stage, "README.md"));
  copyFileSync(join(root, "LICENSE"), join(stage, "LICENSE"));
  writeFileSync(join(stage, "package.json"), `${JSON.stringify(published(manifest), null, 2)}\n`);
  const { code, output } = await run("npm", ["pack", stage, "--silent", "--pack-destination", folder]);
  const tarball = output.trim().split("\n").at(-1) ?? "";
  if (code !== 0) fail(`${manifest.name} cannot be packed:\n${output}`);
  return { name: manifest.name, tarball: join(folder, tarball) };
}

/**
 * @param {string} path
 * @returns {Manifest}
 */
function manifestOf(path) {
  return JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
}

/**
 * The manifest as it is installed.
 *
 * @param {Manifest} manifest
 */
export function published({ exports, ...manifest }) {
  const { scripts: _scripts, devDependencies: _dev, ...rest } = /** @type {Record<string, unknown>} */ (manifest);
  const entries = Object.entries(exports).map(([path, target]) => [
    path,
    typeof target === "string"
      ? target
      : Object.fromEntries(Object.entries(target).filter(([condition]) => condition !== SOURCE)),
  ]);
  return { ...rest, exports: Object.fromEntries(entries) };
}
