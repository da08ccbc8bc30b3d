import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { withExamples } from "../connection/options.ts";
import { DEV_FILE } from "../connection/resolve-connection.ts";
import { converse } from "../dev/conversation.ts";
import { DevEnvironment, type Running } from "../dev/dev-environment.ts";
import { findApiUrl, removeDevFile, writeDevFile } from "../dev/dev-file.ts";
import { DevOutput } from "../dev/dev-output.ts";
import { takeLock } from "../dev/instance-lock.ts";
import { EXIT } from "../terminal/report-error.ts";
import { paint, stderr, stdout } from "../terminal/terminal.ts";

interface DevCommandOptions {
  readonly port?: number;
  readonly executors?: string;
  readonly demo: boolean;
}

const FOLDER = ".holdfast";
const SESSION = "chat/42";
const EXECUTOR = "echo";
const PROMPTS = ["Hello! Is anybody there?", "Where is my parcel?", "Thank you."];
const PATIENCE_MS = 30_000;
const ECHO_MS = 500;
const REDIS_HELP = `
Redis is $REDIS_URL if that is set; else a redis-server or valkey-server from the PATH,
with its data in .holdfast/; else an emulation whose state ends with the process.`;

/** `holdfast dev` */
export function registerDev(program: Command): void {
  const command = program
    .command("dev")
    .description("run Redis, a worker and the API in this directory, and hold a short conversation")
    .option("--port <port>", "port of the API; 0 takes a free one (default: 8080, or a free one)", portNumber)
    .option("--executors <file>", "module that exports executors of yours; TypeScript is fine")
    .option("--no-demo", "hold no conversation")
    .addHelpText("after", REDIS_HELP);
  withExamples(command, "holdfast dev", "holdfast dev --no-demo --executors ./my-executors.ts");
  command.action(async (options: DevCommandOptions) => {
    process.exit(await run(options));
  });
}

async function run(options: DevCommandOptions): Promise<number> {
  const folder = join(process.cwd(), FOLDER);
  const devFile = join(process.cwd(), DEV_FILE);
  const lock = takeLock(join(folder, "dev.lock"));
  if (lock.kind === "taken") {
    const url = findApiUrl(devFile, lock.by.pid);
    const where = url === null ? "and is starting" : `on ${url}`;
    stderr.write(`${paint(stderr, "bad", "error")}: holdfast dev runs here already: pid ${lock.by.pid}, ${where}\n`);
    stderr.write(
      `${paint(stderr, "quiet", "hint:")} use that one, or end it with \`kill ${lock.by.pid}\` and start again\n`,
    );
    return EXIT.failed;
  }
  // What is kept here is this machine's alone.
  writeFileSync(join(folder, ".gitignore"), "*\n");
  try {
    return await runLocked(options, { folder, devFile });
  } finally {
    removeDevFile(devFile);
    lock.release();
  }
}

async function runLocked(options: DevCommandOptions, where: { folder: string; devFile: string }): Promise<number> {
  const output = new DevOutput(stdout);
  const { port = null, executors = null } = options;
  const environment = new DevEnvironment({ env: process.env, folder: where.folder, port, executors, output });
  const told = listen(environment);
  output.title();
  try {
    const running = await Promise.race([environment.start(), whenAborted(told)]);
    if (running !== null) await serve(running, { options, devFile: where.devFile, told, output });
    output.note("stopping", "quiet");
    return EXIT.done;
  } finally {
    removeDevFile(where.devFile);
    await environment.stop();
    output.note("stopped", "quiet");
  }
}

/**
 * Aborts at the first signal. A second one ends everything at once, and so does
 * an end that nobody asked for. One signal may arrive twice: from the terminal
 * or the supervisor, and from the process that started this one.
 */
function listen(environment: DevEnvironment): AbortSignal {
  const controller = new AbortController();
  let toldAt = Number.POSITIVE_INFINITY;
  const onSignal = () => {
    if (performance.now() - toldAt > ECHO_MS) process.exit(EXIT.failed);
    toldAt = Math.min(toldAt, performance.now());
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  process.on("exit", () => environment.dismiss());
  return controller.signal;
}

function whenAborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener("abort", () => resolve(null), { once: true });
  });
}

/** Shows what it does and stays up until it is told to end. */
async function serve(
  running: Running,
  around: { options: DevCommandOptions; devFile: string; told: AbortSignal; output: DevOutput },
): Promise<void> {
  const { options, devFile, told, output } = around;
  const { apiUrl, redis, namespace } = running;
  writeDevFile(devFile, { pid: process.pid, redisUrl: redis.url, apiUrl, namespace });
  const keyPrefix = `dev-${randomBytes(4).toString("hex")}`;
  const sessionId = options.demo ? await demonstrate(apiUrl, { keyPrefix, told, output }) : SESSION;
  if (told.aborted) return;
  const key = `${keyPrefix}-${PROMPTS.length + 1}`;
  const keeps = redis.rung === "emulated" ? "all state is lost then" : "the state is there again next time";
  output.farewell({ apiUrl, sessionId, executor: EXECUTOR, key, keeps });
  await whenAborted(told);
}

/** Holds the conversation; answers with whom. A session that takes no input any more stays as it is. */
async function demonstrate(
  apiUrl: string,
  { keyPrefix, told, output }: { keyPrefix: string; told: AbortSignal; output: DevOutput },
): Promise<string> {
  const fallback = `chat/${keyPrefix}`;
  for (const sessionId of [SESSION, fallback]) {
    output.conversation(sessionId, EXECUTOR);
    const onStep = (step: Parameters<DevOutput["step"]>[0]) => output.step(step);
    const conversation = { apiUrl, sessionId, executor: EXECUTOR, keyPrefix, patienceMs: PATIENCE_MS };
    try {
      if (await converse({ ...conversation, prompts: PROMPTS, signal: told, onStep })) return sessionId;
      output.note(`${sessionId} takes no input and is left as it is; another session takes its place`);
    } catch (error) {
      if (!told.aborted)
        output.note(`the conversation broke off: ${error instanceof Error ? error.message : String(error)}`);
      return sessionId;
    }
  }
  return fallback;
}

function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError("It must be a port from 0 to 65535.");
}
