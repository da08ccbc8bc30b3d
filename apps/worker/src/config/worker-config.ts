import { type Connection, connectionOf, type Environment, readEnvironment, VARIABLES_OF } from "holdfast/process";

/** How a worker takes part. */
export interface WorkerConfig {
  readonly connection: Connection;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly logLevel: string;
}

/** Reads the environment. @throws config.invalid */
export function readWorkerConfig(env: Environment): WorkerConfig {
  const settings = readEnvironment(env, VARIABLES_OF.worker);
  return {
    connection: connectionOf(settings),
    concurrency: settings.HOLDFAST_CONCURRENCY,
    leaseMs: settings.HOLDFAST_LEASE_MS,
    graceMs: settings.HOLDFAST_GRACE_MS,
    logLevel: settings.HOLDFAST_LOG_LEVEL,
  };
}
