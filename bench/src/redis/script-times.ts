/**
 * How long single scripts take inside the server, from its slow log. The middle
 * of many calls hardly moves when something else takes the processor away for a
 * while, as a sum of all calls does.
 */
import type { Redis } from "ioredis";
import { medianOf } from "../report/spread.ts";

/** What scripts call takes less; what is measured takes more. */
const THRESHOLD_MICROSECONDS = 8;

type Entry = readonly [id: number, at: number, microseconds: number, command: readonly string[]];

/** Does some work and answers the middle time of each function's calls, in microseconds. */
export async function timeScripts(client: Redis, work: () => Promise<void>): Promise<ReadonlyMap<string, number>> {
  await client.config("SET", "slowlog-max-len", 1_000_000, "slowlog-log-slower-than", THRESHOLD_MICROSECONDS);
  await client.slowlog("RESET");
  await work();
  await client.config("SET", "slowlog-log-slower-than", -1);
  const entries = (await client.slowlog("GET", -1)) as readonly Entry[];
  await client.slowlog("RESET");
  const times = new Map<string, number[]>();
  for (const [, , microseconds, [command = "", name = ""]] of entries) {
    if (command.toLowerCase() !== "fcall") continue;
    const known = times.get(name);
    if (known === undefined) times.set(name, [microseconds]);
    else known.push(microseconds);
  }
  return new Map([...times].map(([name, values]) => [name, medianOf(values)]));
}

/** The time of the one function whose name ends like this. */
export function timeOf(times: ReadonlyMap<string, number>, suffix: string): number {
  const found = [...times].find(([name]) => name.endsWith(suffix));
  if (found === undefined) throw new Error(`no call of a function ${suffix} was timed`);
  return found[1];
}
