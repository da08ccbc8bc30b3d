/**
 * Everything `holdfast dev` runs: Redis, a worker, the API.
 *
 *   Z1  What was started is ended, in the opposite order, whatever happens;
 *       what was not started here is left alone.
 */

import { once } from "node:events";
import { createServer } from "node:net";
import { createHttpServer, type HttpServer } from "@holdfast/http";
import { createHoldfast, type Holdfast } from "holdfast";
import { readEnvironment } from "holdfast/process";
import { pino } from "pino";
import { climbRedisLadder, type DevRedis } from "../redis/redis-ladder.ts";
import type { DevOutput } from "./dev-output.ts";
import { type ReadyWorker, WorkerChild } from "./worker-child.ts";

/** How to run it. */
export interface DevOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** 0 takes a free one; `null` the usual one, or a free one if that is taken. */
  readonly port: number | null;
  /** A module with executors beside the built-in ones. */
  readonly executors: string | null;
  readonly output: DevOutput;
}

/** What is up. */
export interface Running {
  readonly redis: DevRedis;
  readonly apiUrl: string;
  readonly namespace: string;
}

/** Executors that are always there. */
export const BUILT_IN = ["echo", "fold"] as const;

const USUAL_PORT = 8080;
const GRACE_MS = 2_000;
const HOST = "127.0.0.1";

/** Can be started once and stopped at any time. */
export class DevEnvironment {
  readonly #options: DevOptions;
  readonly #started: (() => Promise<void>)[] = [];
  #redis: DevRedis | null = null;
  #worker: WorkerChild | null = null;
  #starting: Promise<Running> | null = null;
  #isStopping = false;

  constructor(options: DevOptions) {
    this.#options = options;
  }

  /** Resolves when everything is up. @throws config.invalid, store.* */
  start(): Promise<Running> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Ends what was started, also in the middle of starting (Z1). */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#starting?.catch(() => {}); // Whoever started it has seen it.
    for (const end of this.#started.splice(0).reverse()) await end();
  }

  /** Tells everything to end without waiting: the last thing a process does. */
  dismiss(): void {
    this.#worker?.dismiss();
    this.#redis?.dismiss();
  }

  async #start(): Promise<Running> {
    const { env, output } = this.#options;
    const { HOLDFAST_NAMESPACE: namespace } = readEnvironment(env, ["HOLDFAST_NAMESPACE"]);
    const redis = await this.#startRedis();
    output.warning(redis.warning);
    output.part("redis", redis.summary);
    // One of them may fail; the other one has to be known by then, or nobody would end it.
    const [api, worker] = await Promise.allSettled([
      this.#isStopping ? never() : this.#startApi(redis, namespace),
      this.#isStopping ? never() : this.#startWorker(redis),
    ]);
    if (worker.status === "rejected") throw worker.reason;
    if (api.status === "rejected") throw api.reason;
    output.part("api", api.value);
    return { redis, apiUrl: api.value, namespace };
  }

  async #startRedis(): Promise<DevRedis> {
    const { env, folder, output } = this.#options;
    const onRestart = (how: string) => output.note(`redis ended by itself (${how}) and is started again`);
    const redis = await climbRedisLadder({ env, folder, onRestart });
    this.#redis = redis;
    this.#started.push(() => redis.stop());
    return redis;
  }

  async #startApi(redis: DevRedis, namespace: string): Promise<string> {
    const holdfast = await createHoldfast({ redis: redis.url, namespace });
    this.#started.push(() => holdfast.close({ graceMs: 0 }));
    const server = createApi(holdfast);
    this.#started.push(() => server.close());
    return server.listen({ host: HOST, port: await this.#port() });
  }

  async #startWorker(redis: DevRedis): Promise<void> {
    const { env, executors, output } = this.#options;
    const worker = new WorkerChild({
      args: ["--built-in", BUILT_IN.join(), ...(executors === null ? [] : ["--executors", executors])],
      env: {
        REDIS_URL: redis.url,
        HOLDFAST_LOG_LEVEL: env["HOLDFAST_LOG_LEVEL"] || "warn",
        HOLDFAST_GRACE_MS: env["HOLDFAST_GRACE_MS"] || String(GRACE_MS),
      },
      onReady: (ready) => output.part("worker", workerText(ready)),
      onCrash: (how, pauseMs) => output.note(`worker ended (${how}), starting another in ${pauseMs} ms`),
      onLine: (line) => output.workerLine(line),
    });
    this.#worker = worker;
    this.#started.push(() => worker.stop());
    await worker.ready();
  }

  async #port(): Promise<number> {
    const { port } = this.#options;
    if (port !== null) return port;
    return (await isFree(USUAL_PORT)) ? USUAL_PORT : 0;
  }
}

function createApi({ runtime, tenantId }: Holdfast): HttpServer {
  const logger = pino({ name: "holdfast-api", level: "error" }, pino.destination({ fd: 2, sync: true }));
  return createHttpServer({ runtime, tenantId, logger, limits: { closeMs: GRACE_MS } });
}

function workerText({ node, pid, executors }: ReadyWorker): string {
  return `${node} (pid ${pid}), hosts ${executors.join(", ")}`;
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, HOST);
    await once(probe, "listening");
    probe.close();
    await once(probe, "close");
    return true;
  } catch {
    return false; // Taken, or not ours to have.
  }
}

function never(): Promise<never> {
  return Promise.reject(new Error("stopped while it was started"));
}
