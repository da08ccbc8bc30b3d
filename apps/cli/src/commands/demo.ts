import type { Command } from "commander";
import { interruption } from "../connection/interruption.ts";
import { positiveInteger, seconds, withExamples } from "../connection/options.ts";
import { Demo, type DemoResult } from "../demo/demo.ts";
import { failureLines, notesOf, sampleLines, tallyLine } from "../replay/notes.ts";
import { verdictLine } from "../replay/verdict.ts";
import { grouped, Progress } from "../terminal/progress.ts";
import { EXIT } from "../terminal/report-error.ts";
import { paint, printJson, printLine, stderr, stdout } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

interface DemoCommandOptions {
  readonly file: string;
  readonly expect: string;
  readonly killEvery: number;
  readonly workers: number;
  readonly redisKill?: boolean;
  readonly control?: boolean;
  readonly seed?: number;
  readonly json?: boolean;
}

const CONCURRENCY = 256;
const MOST_SEEDS = 1_000_000;

/** `holdfast demo` */
export function registerDemo(program: Command): void {
  const command = program
    .command("demo")
    .description("replay real messages on a private Redis while workers are killed, and check every session")
    .option("--file <file>", "what to replay", "data/commits.jsonl.gz")
    .option("--expect <file>", "what the sessions must hold", "data/commits.expected.jsonl.gz")
    .option("--kill-every <seconds>", "kill a worker this often", seconds, 2)
    .option("--workers <count>", "worker processes", positiveInteger, 3)
    .option("--redis-kill", "kill Redis too, once, and start it again on its data")
    .option("--control", "interrupt, recycle and recover random sessions all the while")
    .option(
      "--seed <number>",
      "which sessions and verbs, with --control; printed, another one each time",
      positiveInteger,
    )
    .option("--json", "print JSON for machines");
  withExamples(command, "holdfast demo", "holdfast demo --redis-kill --kill-every 1", "holdfast demo --control");
  command.action(async (options: DemoCommandOptions) => {
    process.exitCode = await run(options);
  });
}

async function run(options: DemoCommandOptions): Promise<number> {
  const note = (line: string) => progress.note(line);
  const controlSeed = options.control === true ? (options.seed ?? 1 + Math.floor(Math.random() * MOST_SEEDS)) : null;
  const progress = new Progress({ stream: stderr, standing: () => demo.standing() });
  const demo = new Demo({
    file: options.file,
    expect: options.expect,
    workers: options.workers,
    killEveryMs: options.killEvery * 1_000,
    hasRedisKill: options.redisKill === true,
    controlSeed,
    concurrency: CONCURRENCY,
    signal: interruption(),
    onNote: note,
    ...notesOf(note),
  });
  note(introduction(options, controlSeed));
  progress.start();
  const result = await demo.run().finally(() => progress.stop());
  if (result === null) return EXIT.interrupted;
  if (options.json)
    printJson({ ...result, tally: { ...result.tally, failures: Object.fromEntries(result.tally.failures) } });
  else show(result);
  return isRight(result) ? EXIT.done : EXIT.failed;
}

function isRight({ verdict, tally, control }: DemoResult): boolean {
  return verdict.isRight && tally.failed === 0 && tally.bad === 0 && (control?.faultySessions ?? 0) === 0;
}

function introduction({ file, workers, killEvery, redisKill }: DemoCommandOptions, controlSeed: number | null): string {
  const redis = redisKill === true ? ", and Redis once" : "";
  const verbs = controlSeed === null ? "" : `firing control verbs at random sessions, --seed ${controlSeed}\n`;
  return (
    `replaying ${file} with ${workers} workers, killing one every ${killEvery} s${redis}\n${verbs}` +
    "the bar stands still while the leases of killed workers run out"
  );
}

function show({ tally, verdict, kills, redisKills, repeated, control, durationMs }: DemoResult): void {
  const redis = redisKills === 0 ? "" : `, Redis killed ${redisKills} time`;
  const lines = [
    tallyLine(tally, durationMs, true),
    ...failureLines(tally),
    `${kills} workers killed${redis}; ${grouped(repeated)} inputs were started more than once`,
    paint(stdout, verdict.isRight ? "good" : "bad", verdictLine(verdict)),
    ...sampleLines(verdict),
    ...(control === null ? [] : controlLines(control)),
  ];
  for (const line of lines) printLine(line);
}

function controlLines({
  seed,
  verbs,
  cancelled,
  faults,
  faultySessions,
}: NonNullable<DemoResult["control"]>): string[] {
  const applied = Object.entries(verbs).map(([verb, counts]) => {
    return `${grouped(counts.applied)} ${verb} (${grouped(counts.refused)} refused)`;
  });
  const audit =
    faultySessions === 0
      ? "inputs, outcomes, receipts and fences of every session agree with what senders were told"
      : `WRONG: ${grouped(faultySessions)} sessions disagree with what senders were told`;
  return [
    `control verbs, seed ${seed}: ${applied.join(", ")}; ${grouped(cancelled)} inputs cancelled and sent again`,
    paint(stdout, faultySessions === 0 ? "good" : "bad", audit),
    ...faults.map((fault) => `  ${printable(fault)}`),
  ];
}
