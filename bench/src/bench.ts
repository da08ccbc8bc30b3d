/** What every row works with. */
import { join, resolve } from "node:path";
import type { BenchOptions } from "./options.ts";
import { type RemoteProcess, startProcess } from "./process/remote-process.ts";
import type { BenchRedis } from "./redis/bench-redis.ts";
import type { BullmqWorkerOptions } from "./side/bullmq-worker.ts";
import type { HoldfastSender, HoldfastSenderOptions } from "./side/holdfast-sender.ts";
import type { HoldfastWorker, HoldfastWorkerOptions } from "./side/holdfast-worker.ts";
import type { Sender, Worker } from "./side/roles.ts";

/** A run of the bench. */
export interface Bench {
  readonly options: BenchOptions;
  readonly redis: BenchRedis;
  /** Tells whoever watches how far it is. */
  readonly progress: (text: string) => void;
}

/** Both processes of one contender. */
export interface Side<S extends Sender = Sender, W extends Worker = Worker> {
  readonly sender: RemoteProcess<S>;
  readonly worker: RemoteProcess<W>;
}

/** Ours: a sender and a worker, connected by Redis alone. */
export async function openOurs(
  bench: Bench,
  options: Omit<HoldfastSenderOptions, "url">,
): Promise<Side<HoldfastSender, HoldfastWorker>> {
  const { timing = {} } = options;
  const [worker, sender] = await Promise.all([
    openOurWorker(bench, { timing }),
    startProcess("holdfast-sender", { url: bench.redis.url, ...options }, profiled(bench, "sender")),
  ]);
  return { sender, worker };
}

/** Our worker alone. */
export function openOurWorker(
  bench: Bench,
  options: Omit<HoldfastWorkerOptions, "url">,
): Promise<RemoteProcess<HoldfastWorker>> {
  return startProcess("holdfast-worker", { url: bench.redis.url, ...options }, profiled(bench, "worker"));
}

/** BullMQ: a sender and a worker in the same layout. */
export async function openBullmq(
  { redis: { url } }: Bench,
  options: Pick<BullmqWorkerOptions, "concurrency" | "locking">,
): Promise<Side> {
  const queue = `bench-${options.locking}-${options.concurrency}`;
  const [worker, sender] = await Promise.all([
    startProcess("bullmq-worker", { url, queue, ...options }),
    startProcess("bullmq-sender", { url, queue }),
  ]);
  return { sender, worker };
}

/** Stops processes, the senders first, and empties the server. */
export async function closeAll(bench: Bench, sides: readonly Side[]): Promise<void> {
  for (const { sender } of sides) await sender.stop();
  for (const { worker } of sides) await worker.stop();
  await bench.redis.client.flushall();
}

let profiles = 0;

function profiled({ options: { profileFolder } }: Bench, name: string): string[] {
  if (profileFolder === null) return [];
  profiles += 1;
  const file = `${String(profiles).padStart(2, "0")}-${name}.cpuprofile`;
  const folder = resolve(profileFolder);
  process.stderr.write(`profile: ${join(folder, file)}\n`);
  return ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${file}`];
}
