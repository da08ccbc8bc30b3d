/** Counts that depend on no clock: scripts, commands, messages, bytes on the wire, bytes in memory. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, closeAll, openBullmq, openOurs } from "../bench.ts";
import { sessionName } from "../load/closed-loop.ts";
import { type RemoteProcess, startProcess } from "../process/remote-process.ts";
import { timeOf, timeScripts } from "../redis/script-times.ts";
import { callsOf, commandsOf, growth, readCounters, type ServerCounters, scriptsOf } from "../redis/server-counters.ts";
import type { CountResult, RowResult } from "../report/result.ts";
import { ratioOf, spreadOf } from "../report/spread.ts";
import type { BareScript, BareScripts } from "../side/bare-scripts.ts";
import { memoryCounts } from "./memory.ts";

/** Nothing of the background happens while it is counted. */
const QUIET = { sweepPollMs: 3_600_000, renewMs: 40_000, leaseMs: 60_000 };
const PLAN = { sessions: 1, warmupMs: 0, measureMs: 60_000 };
const JOBS_IN_FLIGHT = 64;
const BARE_CONNECTIONS = 10;

type OurSide = Awaited<ReturnType<typeof openOurs>>;

/** The counters of one busy session: of so many admissions, and of one advance more. */
interface BusySession {
  readonly inputs: number;
  readonly admitting: ServerCounters;
  readonly draining: ServerCounters;
}

/** Microseconds of the scripts, ours and bare ones, in the same moment. */
type ScriptTimes = Readonly<Record<"ours" | "bare", Readonly<Record<BareScript, number>>>>;

/** Everything that is counted, and what our scripts cost beside bare ones. */
export async function counts(bench: Bench): Promise<{ rows: RowResult[]; counts: CountResult[] }> {
  const { counted, rounds } = bench.options;
  const ours = await openOurs(bench, { executor: "count-gated", timing: QUIET });
  const bare = await startProcess("bare-scripts", { url: bench.redis.url, connections: BARE_CONNECTIONS });
  const busy: BusySession[] = [];
  const times: ScriptTimes[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    busy.push(await watchBusySession(bench, { ours, inputs: counted, prefix: `counts-${round}` }));
    times.push(await timeAllScripts(bench, { ours, bare, calls: counted, prefix: `times-${round}` }));
    bench.progress(`counts, round ${round} of ${rounds}`);
  }
  await bare.stop();
  await closeAll(bench, [ours]);
  const bullmq = await watchBullmq(bench, counted);
  bench.progress("counts, BullMQ");
  const memory = await memoryCounts(bench);
  bench.progress("counts, memory");
  return { rows: scriptTimes(times), counts: [...busyCounts(busy[0] as BusySession, bullmq, counted), ...memory] };
}

/** Admits all inputs behind the back of a turn that waits, then lets the session drain. */
async function watchBusySession(
  { redis: { client } }: Bench,
  { ours: { sender, worker }, inputs, prefix }: { ours: OurSide; inputs: number; prefix: string },
): Promise<BusySession> {
  const plan = { ...PLAN, prefix };
  const admitted = await sender.call("admitted");
  await sender.call("register", plan);
  const first = sender.call("load", { ...plan, inFlight: 1, maxMessages: 1 });
  await until(async () => (await worker.call("turnsBegun")) > admitted);
  const before = await readCounters(client);
  const rest = sender.call("load", { ...plan, inFlight: inputs, maxMessages: inputs, firstMessage: 1 });
  await until(async () => (await sender.call("admitted")) === admitted + inputs + 1);
  const held = await readCounters(client);
  await worker.call("openGate", sessionName(plan.prefix, 0));
  await Promise.all([first, rest]);
  const after = await readCounters(client);
  return { inputs, admitting: growth(before, held), draining: growth(held, after) };
}

/** Asks the processes, never the server that is being counted. */
async function until(isReached: () => Promise<boolean>): Promise<void> {
  while (!(await isReached())) await sleep(20);
}

async function timeAllScripts(
  bench: Bench,
  parts: { ours: OurSide; bare: RemoteProcess<BareScripts>; calls: number; prefix: string },
): Promise<ScriptTimes> {
  const { ours, bare, calls, prefix } = parts;
  const times = await timeScripts(bench.redis.client, async () => {
    await bare.call("repeat", "admit", calls);
    await watchBusySession(bench, { ours, inputs: calls, prefix });
    await bare.call("repeat", "advance", calls);
  });
  return {
    ours: { admit: timeOf(times, "_admit_input"), advance: timeOf(times, "_advance_run") },
    bare: { admit: timeOf(times, "_bare_admit"), advance: timeOf(times, "_bare_advance") },
  };
}

/** Plain jobs in a closed loop, everything from adding to waiting. */
async function watchBullmq(bench: Bench, jobs: number): Promise<ServerCounters> {
  const plain = await openBullmq(bench, { concurrency: JOBS_IN_FLIGHT, locking: "none" });
  const before = await readCounters(bench.redis.client);
  await plain.sender.call("load", { ...PLAN, prefix: "counts", inFlight: JOBS_IN_FLIGHT, maxMessages: jobs });
  const after = await readCounters(bench.redis.client);
  await closeAll(bench, [plain]);
  return growth(before, after);
}

function scriptTimes(times: readonly ScriptTimes[]): RowResult[] {
  const row = (script: BareScript, atMost: number): RowResult => {
    const ours = times.map((round) => round.ours[script]);
    const bare = times.map((round) => round.bare[script]);
    return {
      id: `script-${script}`,
      title: `script time, ${script}`,
      unit: "µs",
      ours: spreadOf(ours),
      baseline: { name: "bare script of four calls", value: spreadOf(bare) },
      ratio: ratioOf(ours, bare),
      target: { atMost },
    };
  };
  return [row("admit", 1.5), row("advance", 4)];
}

function busyCounts({ inputs, admitting, draining }: BusySession, bullmq: ServerCounters, jobs: number): CountResult[] {
  const perInput = (count: (counters: ServerCounters) => number): number => {
    return count(admitting) / inputs + count(draining) / (inputs + 1);
  };
  const line = (id: string, title: string, count: (counters: ServerCounters) => number): CountResult => {
    return { id, title, ours: perInput(count), bullmq: count(bullmq) / jobs, digits: 3, target: null };
  };
  // The wake that began it ran scripts of BullMQ, once for all inputs: those are the queue's.
  const ours = perInput((counters) => callsOf(counters, "fcall").calls);
  return [
    { ...line("scripts", "scripts per input", (counters) => scriptsOf(counters).calls), ours, target: { atMost: 2 } },
    line("commands", "Redis commands per input, those in scripts included", commandsOf),
    line("publishes", "PUBLISH per input", (counters) => callsOf(counters, "publish").calls),
    line("bytes-in", "bytes to Redis per input", ({ inputBytes }) => inputBytes),
    line("bytes-out", "bytes from Redis per input", ({ outputBytes }) => outputBytes),
  ].map((count) => (count.id.startsWith("bytes") ? { ...count, digits: 0 } : count));
}
