/**
 * One development instance per directory.
 *
 * A lock whose process has gone is no lock, also when its pid belongs to
 * another process by now.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "holdfast";
import { findProcess, isRunning, type ProcessRecord, parseProcessRecord } from "../redis/process-record.ts";

const ATTEMPTS = 5;
const WRITE_MS = 50;

/** A lock held, or who holds it. */
export type LockAttempt =
  | { readonly kind: "held"; release(): void }
  | { readonly kind: "taken"; readonly by: ProcessRecord };

/** Takes the lock of a file for this process. */
export function takeLock(file: string): LockAttempt {
  const self = findProcess(process.pid);
  if (self === null) throw new AppError("internal.bug", { message: "this process cannot see itself" });
  mkdirSync(dirname(file), { recursive: true });
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (create(file, self)) return { kind: "held", release: () => rmSync(file, { force: true }) };
    const by = readLock(file) ?? readLockAgain(file);
    if (by !== null && isRunning(by)) return { kind: "taken", by };
    removeStale(file, by);
  }
  throw new AppError("config.invalid", { message: `${file} cannot be taken: others take it all the time` });
}

function create(file: string, self: ProcessRecord): boolean {
  try {
    writeFileSync(file, `${JSON.stringify(self)}\n`, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function readLock(file: string): ProcessRecord | null {
  try {
    return parseProcessRecord(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null; // Gone in the meantime, or not of our making: nobody holds it.
  }
}

/** It may be in the middle of being written. */
function readLockAgain(file: string): ProcessRecord | null {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WRITE_MS);
  return readLock(file);
}

/** Renames first: of two that found the same stale lock, one moves it away and the other notices what it moved. */
function removeStale(file: string, stale: ProcessRecord | null): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // Somebody else was faster.
  }
  const moved = readLock(aside);
  const isAnother = moved !== null && moved.pid !== stale?.pid;
  if (isAnother && isRunning(moved)) renameSync(aside, file);
  else rmSync(aside, { force: true });
}
