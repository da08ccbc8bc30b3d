/** Messages a second: many busy sessions, one busy session, batches. */
import { type Bench, closeAll, openBullmq, openOurs, type Side } from "../bench.ts";
import { type RemoteProcess, startProcess } from "../process/remote-process.ts";
import type { RowResult, Target } from "../report/result.ts";
import { ratioOf, spreadOf } from "../report/spread.ts";
import type { BareScripts } from "../side/bare-scripts.ts";
import { alternate, type Contender, type Rounds, underLoad } from "./alternate.ts";

const BUSY_SESSIONS = 100;
/** As many jobs at once as our worker runs sessions. */
const JOBS_AT_ONCE = 128;
const FLOOR_PROCESSES = 2;
const FLOOR_CONNECTIONS = 25;

interface RowHead {
  readonly id: string;
  readonly title: string;
  readonly against: string;
  readonly target: Target | null;
}

/** Rows 1 and 7: a hundred busy sessions with 256 messages in flight, and the share of the floor. */
export async function busy256(bench: Bench): Promise<RowResult[]> {
  const title = "100 busy sessions, 256 in flight";
  const ours = await openOurs(bench, { executor: "count" });
  const plain = await openBullmq(bench, { concurrency: JOBS_AT_ONCE, locking: "none" });
  const floor = await openFloor(bench);
  const plan = { prefix: "busy-256", sessions: BUSY_SESSIONS, inFlight: 256 };
  const [our, bullmq, pairs] = (await alternate(bench, {
    title,
    contenders: [
      underLoad(bench, "ours", { side: ours, plan }),
      underLoad(bench, "BullMQ", { side: plain, plan }),
      floor.contender,
    ],
  })) as [Rounds, Rounds, Rounds];
  await floor.stop();
  await closeAll(bench, [ours, plain]);
  return [
    versus({ id: "busy-256", title, against: "plain BullMQ jobs", target: { atLeast: 3 } }, our, bullmq),
    versus(
      { id: "floor", title: "share of the floor", against: "bare script pairs", target: { atLeast: 0.6 } },
      our,
      pairs,
    ),
  ];
}

/** Row 2: the same with fewer messages than sessions. */
export async function busy64(bench: Bench): Promise<RowResult[]> {
  const title = "100 busy sessions, 64 in flight";
  const ours = await openOurs(bench, { executor: "count" });
  const plain = await openBullmq(bench, { concurrency: JOBS_AT_ONCE, locking: "none" });
  const plan = { prefix: "busy-64", sessions: BUSY_SESSIONS, inFlight: 64 };
  const head = { id: "busy-64", title, against: "plain BullMQ jobs", target: { atLeast: 5 } };
  const result = await duel(bench, head, [
    underLoad(bench, "ours", { side: ours, plan }),
    underLoad(bench, "BullMQ", { side: plain, plan }),
  ]);
  await closeAll(bench, [ours, plain]);
  return [result];
}

/** Row 3: one session, against a queue that runs one job at a time and against locks. */
export async function single(bench: Bench): Promise<RowResult[]> {
  const title = "one busy session, 64 in flight";
  const plan = { prefix: "single", sessions: 1, inFlight: 64 };
  const ours = await openOurs(bench, { executor: "count" });
  const queue = await openBullmq(bench, { concurrency: 1, locking: "none" });
  const putBack = await openBullmq(bench, { concurrency: JOBS_AT_ONCE, locking: "put-back" });
  const wait = await openBullmq(bench, { concurrency: JOBS_AT_ONCE, locking: "wait" });
  const sides: [string, Side][] = [
    ["ours", ours],
    ["BullMQ, one job at a time", queue],
    ["BullMQ, lock and put back", putBack],
    ["BullMQ, lock and wait", wait],
  ];
  const contenders = sides.map(([name, side]) => underLoad(bench, name, { side, plan }));
  const [our, one, delayed, polled] = (await alternate(bench, { title, contenders })) as [
    Rounds,
    Rounds,
    Rounds,
    Rounds,
  ];
  await closeAll(
    bench,
    sides.map(([, side]) => side),
  );
  const head = (id: string, against: string, target: Target | null): RowHead => ({ id, title, against, target });
  return [
    versus(head("single", "BullMQ, a queue with concurrency 1", { atLeast: 1.5 }), our, one),
    versus(head("single-lock", "BullMQ, lock per session, job put back", { atLeast: 20 }), our, delayed),
    versus(head("single-lock-wait", "BullMQ, lock per session, processor waits", null), our, polled),
  ];
}

/** Row 4: one session whose executor takes batches. */
export async function batches(bench: Bench): Promise<RowResult[]> {
  const title = "one busy session, batches, 256 in flight";
  const plan = { prefix: "batches", sessions: 1, inFlight: 256 };
  const ours = await openOurs(bench, { executor: "count-batch" });
  const queue = await openBullmq(bench, { concurrency: 1, locking: "none" });
  const head = { id: "batches", title, against: "BullMQ, a queue with concurrency 1", target: { atLeast: 10 } };
  const result = await duel(bench, head, [
    underLoad(bench, "ours", { side: ours, plan }),
    underLoad(bench, "BullMQ, one job at a time", { side: queue, plan }),
  ]);
  await closeAll(bench, [ours, queue]);
  return [result];
}

/** Row 6: everything in one process. */
export async function ephemeral(bench: Bench): Promise<RowResult[]> {
  const title = "in process, 100 sessions, 256 in flight";
  const process = await startProcess("ephemeral", {}, []);
  const { warmupMs, measureMs, maxMessages } = bench.options;
  const plan = { sessions: BUSY_SESSIONS, inFlight: 256, warmupMs, measureMs, maxMessages };
  const contender: Contender = {
    name: "ours",
    measure: async (round) => {
      const report = await process.call("load", { ...plan, prefix: `ephemeral-${round}` });
      return { value: report.perSecond };
    },
  };
  const [our] = (await alternate(bench, { title, contenders: [contender] })) as [Rounds];
  await process.stop();
  const ours = spreadOf(our.values);
  return [
    { id: "ephemeral", title, unit: "messages/s", ours, baseline: null, ratio: null, target: { atLeast: 100_000 } },
  ];
}

async function duel(bench: Bench, head: RowHead, contenders: readonly Contender[]): Promise<RowResult> {
  const [our, other] = (await alternate(bench, { title: head.title, contenders })) as [Rounds, Rounds];
  return versus(head, our, other);
}

function versus({ against, ...head }: RowHead, our: Rounds, other: Rounds): RowResult {
  return {
    ...head,
    unit: "messages/s",
    ours: spreadOf(our.values),
    baseline: { name: against, value: spreadOf(other.values) },
    ratio: ratioOf(our.values, other.values),
    ...(our.cpu === null || other.cpu === null ? {} : { cpu: { ours: our.cpu, baseline: other.cpu } }),
    ...(our.calls === null || other.calls === null ? {} : { calls: { ours: our.calls, baseline: other.calls } }),
  };
}

/** Bare script pairs from as many processes as a side has, over fifty connections. */
async function openFloor({
  redis: { url },
  options: { warmupMs, measureMs, maxMessages },
}: Bench): Promise<{ contender: Contender; stop(): Promise<void> }> {
  const processes: RemoteProcess<BareScripts>[] = [];
  for (let index = 0; index < FLOOR_PROCESSES; index += 1) {
    processes.push(await startProcess("bare-scripts", { url, connections: FLOOR_CONNECTIONS }));
  }
  const plan = { sessions: BUSY_SESSIONS, inFlight: FLOOR_CONNECTIONS, warmupMs, measureMs, maxMessages };
  const measure = async (round: number) => {
    const reports = await Promise.all(
      processes.map((process, index) => process.call("load", { ...plan, prefix: `floor-${round}-${index}` })),
    );
    return { value: reports.reduce((sum, { perSecond }) => sum + perSecond, 0) };
  };
  return {
    contender: { name: "bare script pairs", measure },
    stop: async () => {
      for (const process of processes) await process.stop();
    },
  };
}
