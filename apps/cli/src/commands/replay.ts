import type { Command } from "commander";
import { AppError, type Holdfast } from "holdfast";
import { bindingTo } from "../connection/binding.ts";
import { interruption } from "../connection/interruption.ts";
import { type CommonOptions, positiveInteger, withCommonOptions, withExamples } from "../connection/options.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import {
  failureLines,
  findMissingWorkerNote,
  findResumeLine,
  notesOf,
  sampleLines,
  tallyLine,
} from "../replay/notes.ts";
import { Replay, readHeld } from "../replay/replay.ts";
import { compareSessions, readExpectations, type Verdict, verdictLine } from "../replay/verdict.ts";
import { Progress } from "../terminal/progress.ts";
import { EXIT } from "../terminal/report-error.ts";
import { printJson, printLine, stderr } from "../terminal/terminal.ts";

interface ReplayCommandOptions extends CommonOptions {
  readonly executor: string;
  readonly concurrency: number;
  readonly expect?: string;
  readonly wait: boolean;
}

interface Ending {
  readonly replay: Replay;
  readonly durationMs: number;
  readonly isStopped: boolean;
  readonly verdict: Verdict | null;
}

/** `holdfast replay` */
export function registerReplay(program: Command): void {
  const command = program
    .command("replay")
    .description("admit every line of a JSONL file, plain or gzipped, and wait for all outcomes")
    .argument("<file>", "lines of {session, key, kind, text, at}; other fields become metadata; - is standard input")
    .option("--executor <name>", "what sessions that do not exist yet are bound to", "fold")
    .option("--concurrency <count>", "admissions under way at the same time", positiveInteger, 256)
    .option("--expect <file>", "compare the sessions with its lines of {session, count, chain}")
    .option("--no-wait", "end when everything is admitted");
  withExamples(
    withCommonOptions(command),
    "holdfast replay data/commits.jsonl.gz --expect data/commits.expected.jsonl.gz",
    "holdfast replay chats.jsonl --executor assistant --no-wait",
  );
  command.action(async (file: string, options: ReplayCommandOptions) => {
    if (options.expect !== undefined && !options.wait) {
      throw new AppError("config.invalid", { message: "--expect needs the outcomes, so it excludes --no-wait" });
    }
    process.exitCode = await withHoldfast(options, (holdfast) => run(holdfast, file, options), { mayCreate: true });
  });
}

async function run(holdfast: Holdfast, file: string, options: ReplayCommandOptions): Promise<number> {
  const signal = interruption();
  const startedAt = performance.now();
  const progress = new Progress({ stream: stderr, standing: () => replay.standing() });
  const replay = new Replay({
    file,
    holdfast,
    binding: bindingTo(options.executor),
    concurrency: options.concurrency,
    isAwaited: options.wait,
    signal,
    ...notesOf((line) => progress.note(line)),
  });
  const missing = options.wait ? await findMissingWorkerNote(holdfast, options.executor) : null;
  if (missing !== null) progress.note(missing);
  progress.start();
  try {
    await replay.run();
  } finally {
    progress.stop();
  }
  const durationMs = performance.now() - startedAt;
  const verdict = options.expect === undefined || signal.aborted ? null : await judge(holdfast, options.expect);
  return report({ replay, durationMs, isStopped: signal.aborted, verdict }, options);
}

async function judge(holdfast: Holdfast, file: string): Promise<Verdict> {
  return compareSessions({ expected: readExpectations(file), read: (session) => readHeld(holdfast, session) });
}

function report(ending: Ending, options: ReplayCommandOptions): number {
  if (options.json) reportToMachine(ending);
  else reportToPeople(ending, options.wait);
  if (ending.isStopped) return EXIT.interrupted;
  const { bad, failed } = ending.replay.tally;
  return bad === 0 && failed === 0 && ending.verdict?.isRight !== false ? EXIT.done : EXIT.failed;
}

function reportToMachine({ replay, durationMs, isStopped, verdict }: Ending): void {
  const { failures, ...counts } = replay.tally;
  printJson({
    ...counts,
    failures: Object.fromEntries(failures),
    durationMs: Math.round(durationMs),
    isStopped,
    verdict,
  });
}

function reportToPeople({ replay, durationMs, isStopped, verdict }: Ending, isAwaited: boolean): void {
  const { tally } = replay;
  const resumed = findResumeLine(tally);
  const lines = [
    tallyLine(tally, durationMs, isAwaited),
    ...failureLines(tally),
    ...(resumed === null ? [] : [resumed]),
    ...(isStopped
      ? ["stopped; run it again to go on: what was admitted is known by its key and not admitted twice"]
      : []),
    ...(verdict === null ? [] : [verdictLine(verdict), ...sampleLines(verdict)]),
  ];
  for (const line of lines) printLine(line);
}
