import { createHoldfast, type Timing } from "holdfast";
import { counting, countingBatches, countingBehind } from "./counting.ts";
import { ownCpu, type Worker } from "./roles.ts";

/** Where to work. */
export interface HoldfastWorkerOptions {
  readonly url: string;
  readonly timing?: Partial<Timing>;
}

/** A worker with gates before its gated sessions. */
export interface HoldfastWorker extends Worker {
  /** Lets a gated session run. */
  openGate(session: string): Promise<void>;
  /** Gated turns that have begun. */
  turnsBegun(): Promise<number>;
}

/** Runs sessions with the defaults of Holdfast. */
export async function openHoldfastWorker(options: HoldfastWorkerOptions): Promise<HoldfastWorker> {
  const gates = new Map<string, PromiseWithResolvers>();
  const gateOf = (session: string): PromiseWithResolvers => {
    const gate = gates.get(session) ?? withResolvers();
    gates.set(session, gate);
    return gate;
  };
  let turns = 0;
  const gated = countingBehind((session) => {
    turns += 1;
    return gateOf(session).promise;
  });
  const holdfast = await createHoldfast({
    redis: options.url,
    executors: [counting, countingBatches, gated],
    ...(options.timing === undefined ? {} : { timing: options.timing }),
    onReport: ({ level, phrase, fields }) => {
      if (level !== "debug") console.error(`worker: ${phrase} ${JSON.stringify(fields)}`);
    },
  });
  return {
    cpu: async () => ownCpu(),
    openGate: async (session) => gateOf(session).resolve(),
    turnsBegun: async () => turns,
    close: () => holdfast.close({ graceMs: 1_000 }),
  };
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  resolve(): void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
