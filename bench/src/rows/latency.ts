/** Time from sending to result, one message at a time. */
import { type Bench, closeAll, openBullmq, openOurs, openOurWorker, type Side } from "../bench.ts";
import type { PingPlan } from "../load/closed-loop.ts";
import type { RowResult, Target } from "../report/result.ts";
import { medianOf, ratioOf, spreadOf } from "../report/spread.ts";
import { alternate, type Contender, type Rounds } from "./alternate.ts";

/** Long enough for everything of the last message to be over. */
const PAUSE_MS = 5;
/** One message to every session, to be rid of what a session's first message costs. */
const SEEDING = { inFlight: 16, warmupMs: 0, measureMs: 60_000 };

/** Row 5, warm: one session, message after message. */
export async function warm(bench: Bench): Promise<RowResult[]> {
  const title = "latency, warm session, p50";
  const { pings } = bench.options;
  const ours = await openOurs(bench, { executor: "count" });
  const plain = await openBullmq(bench, { concurrency: 1, locking: "none" });
  const pinging = (name: string, { sender }: Side): Contender => ({
    name,
    measure: async (round) => {
      const plan = { prefix: `warm-${round}`, sessions: 1, messages: pings, firstMessage: 0, pauseMs: 0 };
      return { value: medianOf(await sender.call("ping", plan)) };
    },
  });
  const contenders = [pinging("ours", ours), pinging("BullMQ", plain)];
  const [our, other] = (await alternate(bench, { title, contenders })) as [Rounds, Rounds];
  await closeAll(bench, [ours, plain]);
  return [versus({ id: "warm", title, target: { atMost: 0.4 } }, our, other)];
}

/**
 * Row 5, cold: every message goes to another session, which was busy once, on a
 * worker that is gone. Nobody has it warm and nobody has its state cached.
 */
export async function cold(bench: Bench): Promise<RowResult[]> {
  const title = "latency, session at rest and cold, p50";
  const { pings } = bench.options;
  // Sessions go cold at once: to wait a minute for each would measure the same.
  const timing = { warmMs: 0 };
  const { sender, worker } = await openOurs(bench, { executor: "count", timing });
  const plain = await openBullmq(bench, { concurrency: 1, locking: "none" });
  const planOf = (round: number): PingPlan => {
    return { prefix: `cold-${round}`, sessions: pings, messages: pings, firstMessage: pings, pauseMs: PAUSE_MS };
  };
  let current = worker;
  const ours: Contender = {
    name: "ours",
    measure: async (round) => {
      await sender.call("load", { ...planOf(round), ...SEEDING, maxMessages: pings, firstMessage: 0 });
      await current.stop();
      current = await openOurWorker(bench, { timing });
      return { value: medianOf(await sender.call("ping", planOf(round))) };
    },
  };
  const bullmq: Contender = {
    name: "BullMQ",
    measure: async (round) => ({ value: medianOf(await plain.sender.call("ping", planOf(round))) }),
  };
  const [our, other] = (await alternate(bench, { title, contenders: [ours, bullmq] })) as [Rounds, Rounds];
  await closeAll(bench, [{ sender, worker: current }, plain]);
  return [versus({ id: "cold", title, target: { atMost: 1 } }, our, other)];
}

function versus(
  head: { readonly id: string; readonly title: string; readonly target: Target },
  our: Rounds,
  other: Rounds,
): RowResult {
  return {
    ...head,
    unit: "ms",
    ours: spreadOf(our.values),
    baseline: { name: "BullMQ, add to completed", value: spreadOf(other.values) },
    ratio: ratioOf(our.values, other.values),
  };
}
