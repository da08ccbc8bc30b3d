#!/usr/bin/env node
import { Command, InvalidArgumentError } from "commander";
import { type Executor, isAppError } from "holdfast";
import { readWorkerConfig } from "./config/worker-config.ts";
import { BUILT_IN_NAMES, selectBuiltIn } from "./executor/built-in.ts";
import { assertDistinct, loadExecutors } from "./executor/load-executors.ts";
import { createLogger } from "./log/logger.ts";
import { runWorker } from "./process/run-worker.ts";

interface Options {
  readonly executors?: string;
  readonly builtIn?: string;
  readonly concurrency?: number;
}

const help = `
Without options it hosts all built-in executors: ${BUILT_IN_NAMES.join(", ")}.

Environment:
  REDIS_URL                the ledger's Redis (or REDIS_URL_FILE, a file that holds it)
  HOLDFAST_WAKE_REDIS_URL  the wake queue's Redis, when it is another one
  HOLDFAST_NAMESPACE       key prefix of the store
  HOLDFAST_BUCKETS         buckets of the store, as it was created
  HOLDFAST_CONCURRENCY     sessions at the same time
  HOLDFAST_GRACE_MS        how long a running turn may take after SIGTERM (20000)
  HOLDFAST_LOG_LEVEL       trace, debug, info, warn, error, fatal or silent (info)

Example:
  $ REDIS_URL=redis://127.0.0.1:6379 holdfast-worker --executors ./my-executors.ts --concurrency 64
`;

const program = new Command("holdfast-worker")
  .description("runs sessions: hosts executors and works off what is sent to them")
  .option("--executors <file>", "module that exports executors; TypeScript is fine")
  .option("--built-in <names>", "built-in executors to host, separated by commas")
  .option("--concurrency <count>", "sessions at the same time", positiveInteger)
  .addHelpText("after", help)
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  const [code, message] = isAppError(error) ? [error.code, error.message] : ["internal.bug", String(error)];
  process.stderr.write(`error[${code}]: ${message}\n`);
  process.exit(code === "config.invalid" ? 2 : 1);
}

async function run({ executors: file, builtIn, concurrency }: Options): Promise<void> {
  const config = readWorkerConfig(process.env);
  const logger = createLogger(config.logLevel);
  const executors: Executor[] = [...selectBuiltIn(builtIn ?? (file === undefined ? BUILT_IN_NAMES.join() : ""))];
  if (file !== undefined) executors.push(...(await loadExecutors(file)));
  assertDistinct(executors);
  process.on("uncaughtException", (error) => {
    logger.fatal({ error }, "uncaught exception");
    process.exit(1);
  });
  await runWorker({ config: { ...config, concurrency: concurrency ?? config.concurrency }, executors, logger });
}

function positiveInteger(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number from 1.");
}
