#!/usr/bin/env node
import { parseArgs } from "node:util";
import { AppError, isAppError } from "holdfast";
import { readApiConfig } from "./config/api-config.ts";
import { createLogger } from "./log/logger.ts";
import { runApi } from "./process/run-api.ts";

const help = `Usage: holdfast-api [--help]

Serves the HTTP API of a store. Runs no sessions: start a worker for that.

Environment:
  REDIS_URL                the ledger's Redis (or REDIS_URL_FILE, a file that holds it)
  HOLDFAST_WAKE_REDIS_URL  the wake queue's Redis, when it is another one
  HOLDFAST_HOST            address to listen on (127.0.0.1)
  HOLDFAST_PORT            port to listen on (8080); 0 takes a free one
  HOLDFAST_NAMESPACE       key prefix of the store
  HOLDFAST_BUCKETS         buckets of the store, as it was created
  HOLDFAST_DRAIN_MS        how long it goes on serving after SIGTERM while /readyz says no (0)
  HOLDFAST_LOG_LEVEL       trace, debug, info, warn, error, fatal or silent (info)

Example:
  $ REDIS_URL=redis://127.0.0.1:6379 holdfast-api
  $ curl -X POST 'http://127.0.0.1:8080/v1/sessions/chat%2F42/inputs?executor=echo&wait=10' \\
      -H 'content-type: application/json' -d '{"kind":"prompt","text":"hello","idempotencyKey":"msg-1"}'
`;

try {
  if (asksForHelp(process.argv.slice(2))) process.stdout.write(help);
  else await start();
} catch (error) {
  const [code, message] = isAppError(error) ? [error.code, error.message] : ["internal.bug", String(error)];
  process.stderr.write(`error[${code}]: ${message}\n`);
  process.exit(code === "config.invalid" ? 2 : 1);
}

async function start(): Promise<void> {
  const config = readApiConfig(process.env);
  const logger = createLogger(config.logLevel);
  process.on("uncaughtException", (error) => {
    logger.fatal({ error }, "uncaught exception");
    process.exit(1);
  });
  await runApi({ config, logger });
}

function asksForHelp(args: string[]): boolean {
  try {
    return parseArgs({ args, options: { help: { type: "boolean", short: "h" } } }).values.help === true;
  } catch (cause) {
    const message = `${cause instanceof Error ? cause.message : String(cause)}. Settings come from the environment: --help`;
    throw new AppError("config.invalid", { message, cause });
  }
}
