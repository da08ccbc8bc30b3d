/**
 * Whether this machine has a Redis for the tests and the bench: its own, never
 * a download. It is asked before anything is installed or built, on a Node that
 * does not read TypeScript, so it cannot import `@holdfast/redis-server`, which
 * looks in the same places and starts what it finds.
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** What to tell someone who has no Redis. */
export const installHint =
  "No redis-server on PATH. Install it: apt-get install -y redis-server (Debian, Ubuntu) or brew install redis (macOS).";

/**
 * The first Redis or Valkey server on PATH, or `null`.
 *
 * @returns {string | null}
 */
export function findRedisServer() {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const name of ["redis-server", "valkey-server"]) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  return null;
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // Not there, or not ours to run: either way not this one.
  }
}
