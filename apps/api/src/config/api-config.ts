import { type Connection, connectionOf, type Environment, readEnvironment, VARIABLES_OF } from "holdfast/process";

/** How an API server takes part, and where it listens. */
export interface ApiConfig {
  readonly connection: Connection;
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly drainMs: number;
  readonly logLevel: string;
}

/** Reads the environment. @throws config.invalid */
export function readApiConfig(env: Environment): ApiConfig {
  const settings = readEnvironment(env, VARIABLES_OF.api);
  return {
    connection: connectionOf(settings),
    host: settings.HOLDFAST_HOST,
    port: settings.HOLDFAST_PORT,
    drainMs: settings.HOLDFAST_DRAIN_MS,
    logLevel: settings.HOLDFAST_LOG_LEVEL,
  };
}
