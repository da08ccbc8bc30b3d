#!/usr/bin/env node
import { Command, InvalidArgumentError } from "commander";
import type { Executor } from "holdfast";
import { environmentHelp, failToStart, VARIABLES_OF } from "holdfast/process";
import { readWorkerConfig } from "./config/worker-config.ts";
import { BUILT_IN_NAMES, selectBuiltIn } from "./executor/built-in.ts";
import { loadExecutors } from "./executor/load-executors.ts";
import { createLogger } from "./log/logger.ts";
import { runWorker } from "./process/run-worker.ts";

interface Options {
  readonly executors?: string;
  readonly builtIn?: string;
  readonly concurrency?: number;
}

const help = `
Without options it hosts all built-in executors: ${BUILT_IN_NAMES.join(", ")}.

${environmentHelp(VARIABLES_OF.worker)}
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
  failToStart(error);
}

async function run({ executors: file, builtIn, concurrency }: Options): Promise<void> {
  const config = readWorkerConfig(process.env);
  const logger = createLogger(config.logLevel);
  const executors: Executor[] = [...selectBuiltIn(builtIn ?? (file === undefined ? BUILT_IN_NAMES.join() : ""))];
  if (file !== undefined) executors.push(...(await loadExecutors(file)));
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
