#!/usr/bin/env node
import { parseArgs } from "node:util";
import { AppError } from "holdfast";
import { environmentHelp, failToStart, VARIABLES_OF } from "holdfast/process";
import { readApiConfig } from "./config/api-config.ts";
import { createLogger } from "./log/logger.ts";
import { runApi } from "./process/run-api.ts";

const help = `Usage: holdfast-api [--help]

Serves the HTTP API of a store. Runs no sessions: start a worker for that.

${environmentHelp(VARIABLES_OF.api)}
Example:
  $ REDIS_URL=redis://127.0.0.1:6379 holdfast-api
  $ curl -X POST 'http://127.0.0.1:8080/v1/sessions/chat%2F42/inputs?executor=echo&wait=10' \\
      -H 'content-type: application/json' -d '{"kind":"prompt","text":"hello","idempotencyKey":"msg-1"}'
`;

try {
  if (asksForHelp(process.argv.slice(2))) process.stdout.write(help);
  else await start();
} catch (error) {
  failToStart(error);
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
