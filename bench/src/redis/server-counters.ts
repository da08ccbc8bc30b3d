/** What a server counts by itself, read before and after; the difference is exact. */
import type { Redis } from "ioredis";

/** Calls of one command and the time the server spent in them, what scripts call included. */
export interface CommandCounter {
  readonly calls: number;
  readonly microseconds: number;
}

/** A server's counters at one moment, or their growth between two. */
export interface ServerCounters {
  readonly commands: ReadonlyMap<string, CommandCounter>;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Processor time, user and system. */
  readonly cpuMicroseconds: number;
}

/** Reads the counters. */
export async function readCounters(client: Redis): Promise<ServerCounters> {
  const fields = parseInfo(await client.info("everything"));
  const number = (name: string) => Number(fields.get(name) ?? 0);
  const commands = [...fields].filter(([name]) => name.startsWith("cmdstat_"));
  return {
    commands: new Map(commands.map(([name, value]) => [name.slice("cmdstat_".length), parseCounter(value)])),
    inputBytes: number("total_net_input_bytes"),
    outputBytes: number("total_net_output_bytes"),
    cpuMicroseconds: (number("used_cpu_user") + number("used_cpu_sys")) * 1e6,
  };
}

/** How much every counter grew. */
export function growth(before: ServerCounters, after: ServerCounters): ServerCounters {
  const commands = [...after.commands].map(([name, counter]): [string, CommandCounter] => {
    const earlier = before.commands.get(name) ?? { calls: 0, microseconds: 0 };
    return [name, { calls: counter.calls - earlier.calls, microseconds: counter.microseconds - earlier.microseconds }];
  });
  return {
    commands: new Map(commands.filter(([, { calls }]) => calls > 0)),
    inputBytes: after.inputBytes - before.inputBytes,
    outputBytes: after.outputBytes - before.outputBytes,
    cpuMicroseconds: after.cpuMicroseconds - before.cpuMicroseconds,
  };
}

const SCRIPT_COMMANDS = ["fcall", "evalsha", "eval"];
/** What looking at the counters costs by itself. */
const OWN_COMMANDS = ["info", "memory|usage"];

/** Scripts run, whatever form they have. */
export function scriptsOf(counters: ServerCounters): CommandCounter {
  const found = SCRIPT_COMMANDS.map((name) => callsOf(counters, name));
  return {
    calls: found.reduce((sum, { calls }) => sum + calls, 0),
    microseconds: found.reduce((sum, { microseconds }) => sum + microseconds, 0),
  };
}

/** Commands run, those inside scripts included. */
export function commandsOf(counters: ServerCounters): number {
  const counted = [...counters.commands].filter(([name]) => !OWN_COMMANDS.includes(name));
  return counted.reduce((sum, [, { calls }]) => sum + calls, 0);
}

/** One command's counter. */
export function callsOf(counters: ServerCounters, name: string): CommandCounter {
  return counters.commands.get(name) ?? { calls: 0, microseconds: 0 };
}

function parseCounter(text: string): CommandCounter {
  const columns = new Map(text.split(",").map((column) => column.split("=") as [string, string]));
  return { calls: Number(columns.get("calls") ?? 0), microseconds: Number(columns.get("usec") ?? 0) };
}

function parseInfo(text: string): Map<string, string> {
  const lines = text.split("\r\n").filter((line) => line.includes(":"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}
