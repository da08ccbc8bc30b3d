/** What the processes of a side offer; the same for every side. */
import type { LoadPlan, LoadReport, PingPlan } from "../load/closed-loop.ts";

/** The process that sends and waits for results. */
export interface Sender {
  load(plan: LoadPlan): Promise<LoadReport>;
  ping(plan: PingPlan): Promise<number[]>;
  /** What the durable counters of the sessions `<prefix>/0` and on add up to. */
  total(sessions: { readonly prefix: string; readonly sessions: number }): Promise<number>;
  close(): Promise<void>;
}

/** The process that runs sessions or jobs. */
export interface Worker {
  /** Processor time of this process so far. */
  cpu(): Promise<number>;
  close(): Promise<void>;
}

/** Processor time of this process so far, in microseconds. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
