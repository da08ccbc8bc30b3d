/** Histories in `test/histories/<version>`, one file for each standing. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StoreContent } from "./session-keys.ts";

/** A session as a version left it, and how its inputs ended under that version. */
export interface History {
  /** How long the store had lived, milliseconds. */
  readonly ageMs: number;
  readonly buckets: number;
  readonly content: StoreContent;
  /** What the session came to: its phase, and of each input its key and how it ended. */
  readonly end: HistoryEnd;
}

/** What a session comes to once nothing is left to do. */
export interface HistoryEnd {
  readonly phase: string;
  readonly inputs: readonly (readonly [key: string, outcome: string])[];
}

const folder = fileURLToPath(new URL("../histories/", import.meta.url));

/** Every history there is, by version and standing. */
export function listHistories(): { readonly version: string; readonly standing: string }[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((version) => {
      const files = readdirSync(join(folder, version)).toSorted();
      return files.map((file) => ({ version, standing: file.slice(0, -".json".length) }));
    });
}

/** One history. */
export function readHistory(version: string, standing: string): History {
  return JSON.parse(readFileSync(join(folder, version, `${standing}.json`), "utf8")) as History;
}

/** Keeps a history in place of an older one of the same version. */
export function keepHistory(version: string, standing: string, history: History): void {
  mkdirSync(join(folder, version), { recursive: true });
  writeFileSync(join(folder, version, `${standing}.json`), `${JSON.stringify(history, null, 1)}\n`);
}
