/**
 * The proof by violence: a file is replayed while worker processes are killed
 * one after the other, and Redis too if asked; then every session is compared
 * with what it must hold.
 */
import { type PrivateRedis, startPrivateRedis } from "@holdfast/redis-server";
import { AppError, type Holdfast } from "holdfast";
import { openHoldfast } from "../connection/with-holdfast.ts";
import { Replay, type ReplayOptions, readHeld } from "../replay/replay.ts";
import type { Tally } from "../replay/tally.ts";
import { compareSessions, readExpectations, type Verdict } from "../replay/verdict.ts";
import type { Standing } from "../terminal/progress.ts";
import { ControlledReplay, type ControlledResult } from "./controlled-replay.ts";
import { WorkerFleet } from "./worker-fleet.ts";

export interface DemoOptions extends Pick<ReplayOptions, "file" | "signal" | "onBad" | "onFailed" | "onOutage"> {
  /** What the sessions must hold in the end. */
  readonly expect: string;
  readonly workers: number;
  readonly killEveryMs: number;
  /** Kills Redis as well, once, in the middle. */
  readonly hasRedisKill: boolean;
  /** Fires control verbs at random sessions all the while, the same ones for the same seed; `null` for none. */
  readonly controlSeed: number | null;
  readonly concurrency: number;
  readonly onNote: (line: string) => void;
}

export interface DemoResult {
  readonly tally: Tally;
  readonly verdict: Verdict;
  /** Workers killed. */
  readonly kills: number;
  readonly redisKills: number;
  /** Inputs the ledger shows more than one attempt of. */
  readonly repeated: number;
  /** What the control verbs came to; `null` when none were fired. */
  readonly control: ControlledResult | null;
  readonly durationMs: number;
}

const EXECUTOR = "fold";
const NAMESPACE = "demo";
const REDIS_KILL_AT = 0.4;
const WATCH_MS = 20;
/** Half of the default: what a killed worker held stands still for as long, and this is to be watched. */
const LEASE_MS = 5_000;
const PAGE = 100;

/** A demonstration that can be watched. */
export class Demo {
  readonly #options: DemoOptions;
  #replay: Replay | null = null;
  #fleet: WorkerFleet | null = null;
  #redisKills = 0;
  #giveUp: ((error: unknown) => void) | null = null;
  #controlled: ControlledReplay | null = null;

  constructor(options: DemoOptions) {
    this.#options = options;
  }

  /** Runs it to the end, or to the signal: then the answer is `null`. */
  async run(): Promise<DemoResult | null> {
    const redis = await startPrivateRedis({ persistence: this.#options.hasRedisKill ? "always" : "everysec" });
    try {
      return await this.#runOn(redis);
    } finally {
      await this.#controlled?.stop();
      await this.#fleet?.stop();
      await redis.stop();
    }
  }

  /** Where it stands, for a display. */
  standing(): Standing {
    const standing = this.#replay?.standing() ?? { fraction: 0, count: 0, facts: [] };
    const kills = this.#options.hasRedisKill ? ([["Redis kills", this.#redisKills]] as const) : [];
    const verbs = this.#controlled === null ? [] : ([["verbs", this.#controlled.applied]] as const);
    return { ...standing, facts: [...standing.facts, ["kills", this.#fleet?.kills ?? 0], ...kills, ...verbs] };
  }

  async #runOn(redis: PrivateRedis): Promise<DemoResult | null> {
    const holdfast = await openHoldfast({ redis: redis.url, namespace: NAMESPACE }, { mayCreate: true });
    try {
      const fleet = this.#startFleet(redis);
      const startedAt = performance.now();
      const controlled = this.#control(holdfast);
      const replay = this.#replayInto(holdfast, controlled);
      await this.#runUnderFire(replay, { fleet, redis });
      await controlled?.stop();
      if (this.#options.signal.aborted) return null;
      const durationMs = performance.now() - startedAt;
      const { kills } = fleet;
      const findings = await this.#judge(holdfast, controlled);
      return { tally: replay.tally, kills, redisKills: this.#redisKills, durationMs, ...findings };
    } finally {
      await holdfast.close({ graceMs: 0 });
    }
  }

  #replayInto(holdfast: Holdfast, controlled: ControlledReplay | null): Replay {
    const { file, signal, onBad, onFailed, onOutage, concurrency } = this.#options;
    this.#replay = new Replay({
      file,
      holdfast,
      binding: { executor: controlled?.executor ?? EXECUTOR, onFailure: "hold" },
      isAwaited: true,
      concurrency,
      signal,
      ...(onBad === undefined ? {} : { onBad }),
      ...(onFailed === undefined ? {} : { onFailed }),
      ...(onOutage === undefined ? {} : { onOutage }),
      ...controlled?.listeners,
    });
    return this.#replay;
  }

  async #judge(
    holdfast: Holdfast,
    controlled: ControlledReplay | null,
  ): Promise<Pick<DemoResult, "verdict" | "repeated" | "control">> {
    let repeated = 0;
    const read = async (session: string) => {
      const count = await countRepeated(holdfast, session);
      repeated += count;
      return readHeld(holdfast, session);
    };
    const expected = readExpectations(this.#options.expect);
    const verdict = await compareSessions({ expected: controlled?.expectations(expected) ?? expected, read });
    return { verdict, repeated, control: (await controlled?.result()) ?? null };
  }

  #startFleet(redis: PrivateRedis): WorkerFleet {
    const { workers, onNote } = this.#options;
    this.#fleet = new WorkerFleet({
      size: workers,
      env: { REDIS_URL: redis.url, HOLDFAST_NAMESPACE: NAMESPACE, HOLDFAST_LEASE_MS: String(LEASE_MS) },
      onCrash: (what) => onNote(`a worker ended by itself, ${what}`),
      onGivenUp: () => this.#giveUp?.(new AppError("store.unavailable", { message: "workers do not stay alive" })),
    });
    return this.#fleet;
  }

  #control(holdfast: Holdfast): ControlledReplay | null {
    const seed = this.#options.controlSeed;
    if (seed === null) return null;
    this.#controlled = new ControlledReplay({ holdfast, seed, onFault: (error) => this.#giveUp?.(error) });
    return this.#controlled;
  }

  /** Kills on time while the replay runs. */
  async #runUnderFire(replay: Replay, { fleet, redis }: { fleet: WorkerFleet; redis: PrivateRedis }): Promise<void> {
    const killing = setInterval(() => fleet.killOne(), this.#options.killEveryMs);
    const watching = setInterval(() => {
      const isMidway = (replay.standing().fraction ?? 0) >= REDIS_KILL_AT;
      if (!this.#options.hasRedisKill || this.#redisKills > 0 || !isMidway) return;
      this.#killRedis(redis).catch((error: unknown) => this.#giveUp?.(error));
    }, WATCH_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#giveUp = reject;
        replay.run().then(resolve, reject);
      });
    } finally {
      clearInterval(killing);
      clearInterval(watching);
    }
  }

  async #killRedis(redis: PrivateRedis): Promise<void> {
    this.#redisKills += 1;
    this.#options.onNote("killing Redis");
    await redis.kill();
    await redis.restart();
    this.#options.onNote("Redis runs again on the same data");
  }
}

/** Inputs of a session that were started more than once, by the ledger's own account. */
async function countRepeated(holdfast: Holdfast, session: string): Promise<number> {
  const { ref } = holdfast.session(session);
  let repeated = 0;
  for (let after: number | null = 0; after !== null; ) {
    const page: Awaited<ReturnType<Holdfast["runtime"]["listInputs"]>> = await holdfast.runtime.listInputs(ref, {
      after,
      limit: PAGE,
    });
    repeated += page.items.filter(({ attempts }) => attempts > 1).length;
    after = page.next;
  }
  return repeated;
}
