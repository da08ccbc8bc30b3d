/** What a development instance writes about itself, so that other commands find it. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";

/** A running instance. */
export interface DevInstance {
  readonly pid: number;
  readonly redisUrl: string;
  readonly apiUrl: string;
  readonly namespace: string;
}

/** Writes it for this user only: the URL may hold a password. */
export function writeDevFile(file: string, instance: DevInstance): void {
  rmSync(file, { force: true }); // An older file keeps its mode.
  writeFileSync(file, `${JSON.stringify(instance, null, 2)}\n`, { mode: 0o600 });
}

/** The URL of the instance with this pid, or `null` when the file does not tell. */
export function findApiUrl(file: string, pid: number): string | null {
  try {
    const instance = JSON.parse(readFileSync(file, "utf8")) as Partial<DevInstance>;
    return instance.pid === pid && typeof instance.apiUrl === "string" ? instance.apiUrl : null;
  } catch {
    return null; // It has not come as far as to write it.
  }
}

/** Removes it. */
export function removeDevFile(file: string): void {
  rmSync(file, { force: true });
}
