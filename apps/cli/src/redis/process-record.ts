/**
 * Which process a file speaks of. A pid alone does not tell: the process may
 * have gone and the number have gone to another one. With the time it started
 * at, it does.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process, for ever. */
export interface ProcessRecord {
  readonly pid: number;
  /** As the operating system tells it; only good for comparing. */
  readonly startedAt: string;
}

/** The process of this pid, or `null` when there is none. */
export function findProcess(pid: number): ProcessRecord | null {
  const startedAt = readStart(pid);
  return startedAt === null ? null : { pid, startedAt };
}

/** Whether this very process is still there. */
export function isRunning({ pid, startedAt }: ProcessRecord): boolean {
  return readStart(pid) === startedAt;
}

/** A record out of a file's JSON; `null` for anything else. */
export function parseProcessRecord(value: unknown): ProcessRecord | null {
  if (typeof value !== "object" || value === null) return null;
  const { pid, startedAt } = value as Partial<Record<keyof ProcessRecord, unknown>>;
  return Number.isInteger(pid) && typeof startedAt === "string" ? { pid: pid as number, startedAt } : null;
}

function readStart(pid: number): string | null {
  return process.platform === "linux" ? readLinuxStart(pid) : askForStart(pid);
}

/** Field 22 of `stat`: clock ticks since the machine started. A zombie has ended. */
function readLinuxStart(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program stands in parentheses and may hold anything.
    const [state, ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? null : (fields[18] ?? null);
  } catch {
    return null; // No such process.
  }
}

function askForStart(pid: number): string | null {
  const { status, stdout } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
  const text = status === 0 ? stdout.trim() : "";
  return text === "" ? null : text;
}
