import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";

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
