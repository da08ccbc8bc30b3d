import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** How to get a Redis, for people. */
export const HOW_TO_GET_REDIS = "apt-get install redis-server (Debian, Ubuntu) or brew install redis (macOS)";

/** The first Redis or Valkey server on a PATH, or `null`. */
export function findServer(path: string): string | null {
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  for (const name of ["redis-server", "valkey-server"]) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  return null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // Not there, or not ours to run: either way not this one.
  }
}
