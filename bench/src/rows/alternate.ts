/** Contenders in turn, round by round: whatever else the machine does meets them alike. */
import type { Bench, Side } from "../bench.ts";
import type { LoadPlan } from "../load/closed-loop.ts";
import { callsOf, commandsOf, growth, readCounters, scriptsOf } from "../redis/server-counters.ts";
import { medianOf } from "../report/spread.ts";

/** One round of one contender. */
export interface Measurement {
  readonly value: number;
  readonly cpu?: CpuPerMessage;
  readonly calls?: CallsPerMessage;
}

/** What Redis ran for one message. */
export interface CallsPerMessage {
  /** Functions and scripts. */
  readonly scripts: number;
  /** Those in scripts included. */
  readonly commands: number;
  readonly publishes: number;
}

/** Processor time in µs per message: little disturbed by what else the machine does. */
export interface CpuPerMessage {
  readonly sender: number;
  readonly worker: number;
  readonly redis: number;
}

/** Somebody who is measured. */
export interface Contender {
  readonly name: string;
  measure(round: number): Promise<Measurement>;
}

/** All rounds of one contender. */
export interface Rounds {
  readonly values: readonly number[];
  /** That of the middle round, part by part; `null` when it was not taken. */
  readonly cpu: CpuPerMessage | null;
  readonly calls: CallsPerMessage | null;
}

/** Measures all contenders in turn. */
export async function alternate(
  { options: { rounds }, progress }: Bench,
  { title, contenders }: { readonly title: string; readonly contenders: readonly Contender[] },
): Promise<Rounds[]> {
  const taken: Measurement[][] = contenders.map(() => []);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      const measurement = await contender.measure(round);
      taken[index]?.push(measurement);
      progress(`${title}, round ${round} of ${rounds}, ${contender.name}: ${measurement.value.toPrecision(4)}`);
    }
  }
  return taken.map((measurements) => ({
    values: measurements.map(({ value }) => value),
    cpu: middleOf(measurements.flatMap(({ cpu }) => cpu ?? [])),
    calls: middleOf(measurements.flatMap(({ calls }) => calls ?? [])),
  }));
}

/** Part by part the middle of what the rounds found. */
function middleOf<T extends { readonly [K in keyof T]: number }>(taken: readonly T[]): T | null {
  const [first] = taken;
  if (first === undefined) return null;
  const names = Object.keys(first) as (keyof T)[];
  return Object.fromEntries(names.map((name) => [name, medianOf(taken.map((parts) => parts[name]))])) as T;
}

/** A contender under load; its durable counters must add up to what was sent. */
export function underLoad(
  bench: Bench,
  name: string,
  { side, plan }: { readonly side: Side; readonly plan: Pick<LoadPlan, "prefix" | "sessions" | "inFlight"> },
): Contender {
  const { warmupMs, measureMs, maxMessages } = bench.options;
  return {
    name,
    measure: async (round) => {
      const prefix = `${plan.prefix}-${round}-${name}`;
      const before = await readCounters(bench.redis.client);
      const workerBefore = await side.worker.call("cpu");
      const report = await side.sender.call("load", { ...plan, prefix, warmupMs, measureMs, maxMessages });
      const worker = (await side.worker.call("cpu")) - workerBefore;
      const grown = growth(before, await readCounters(bench.redis.client));
      const total = await side.sender.call("total", { prefix, sessions: plan.sessions });
      if (total !== report.messages) throw new Error(`${name} counted ${total} of ${report.messages} messages`);
      const each = (amount: number) => amount / report.messages;
      return {
        value: report.perSecond,
        cpu: { sender: each(report.cpuMicroseconds), worker: each(worker), redis: each(grown.cpuMicroseconds) },
        calls: {
          scripts: each(scriptsOf(grown).calls),
          commands: each(commandsOf(grown)),
          publishes: each(callsOf(grown, "publish").calls),
        },
      };
    },
  };
}
