import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { bundleLibrary } from "../../tools/bundle-library.ts";
import { parseHeader } from "../../tools/parse-header.ts";

/** A script or fragment as it is written. */
export interface LuaFile {
  readonly name: string;
  readonly text: string;
}

function readFolder(folder: string): LuaFile[] {
  const root = new URL(`../../${folder}/`, import.meta.url);
  const files = readdirSync(root).filter((file) => file.endsWith(".lua"));
  return files.map((file) => ({ name: basename(file, ".lua"), text: readFileSync(new URL(file, root), "utf8") }));
}

/** Every script. */
export const SCRIPT_FILES: readonly LuaFile[] = readFolder("lua");

/** Every fragment. */
export const FRAGMENT_FILES: readonly LuaFile[] = readFolder("lua/lib");

const byName = (one: LuaFile, other: LuaFile) => (one.name < other.name ? -1 : 1);

/** The library that sources make. */
export function bundle(
  scripts: readonly LuaFile[] = SCRIPT_FILES,
  fragments: readonly LuaFile[] = FRAGMENT_FILES,
): string {
  return bundleLibrary(
    [...scripts].sort(byName).map(({ name, text }) => parseHeader(name, text)),
    new Map(fragments.map(({ name, text }) => [name, text])),
  );
}
