import type { Command } from "commander";
import { interruption } from "../connection/interruption.ts";
import { positiveInteger, seconds, withExamples } from "../connection/options.ts";
import { Demo, type DemoResult } from "../demo/demo.ts";
import { failureLines, notesOf, sampleLines, tallyLine } from "../replay/notes.ts";
import { verdictLine } from "../replay/verdict.ts";
import { grouped, Progress } from "../terminal/progress.ts";
import { EXIT } from "../terminal/report-error.ts";
import { paint, printJson, printLine, stderr, stdout } from "../terminal/terminal.ts";

interface DemoCommandOptions {
  readonly file: string;
  readonly expect: string;
  readonly killEvery: number;
  readonly workers: number;
  readonly redisKill?: boolean;
  readonly json?: boolean;
}

const CONCURRENCY = 256;

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
    .option("--json", "print JSON for machines");
  withExamples(command, "holdfast demo", "holdfast demo --redis-kill --kill-every 1");
  command.action(async (options: DemoCommandOptions) => {
    process.exitCode = await run(options);
  });
}

async function run(options: DemoCommandOptions): Promise<number> {
  const note = (line: string) => progress.note(line);
  const progress = new Progress({ stream: stderr, standing: () => demo.standing() });
  const demo = new Demo({
    file: options.file,
    expect: options.expect,
    workers: options.workers,
    killEveryMs: options.killEvery * 1_000,
    hasRedisKill: options.redisKill === true,
    concurrency: CONCURRENCY,
    signal: interruption(),
    onNote: note,
    ...notesOf(note),
  });
  note(introduction(options));
  progress.start();
  const result = await demo.run().finally(() => progress.stop());
  if (result === null) return EXIT.interrupted;
  if (options.json)
    printJson({ ...result, tally: { ...result.tally, failures: Object.fromEntries(result.tally.failures) } });
  else show(result);
  return result.verdict.isRight && result.tally.failed === 0 && result.tally.bad === 0 ? EXIT.done : EXIT.failed;
}

function introduction({ file, workers, killEvery, redisKill }: DemoCommandOptions): string {
  const redis = redisKill === true ? ", and Redis once" : "";
  return (
    `replaying ${file} with ${workers} workers, killing one every ${killEvery} s${redis}\n` +
    "the bar stands still while the leases of killed workers run out"
  );
}

function show({ tally, verdict, kills, redisKills, repeated, durationMs }: DemoResult): void {
  const redis = redisKills === 0 ? "" : `, Redis killed ${redisKills} time`;
  const lines = [
    tallyLine(tally, durationMs, true),
    ...failureLines(tally),
    `${kills} workers killed${redis}; ${grouped(repeated)} inputs were started more than once`,
    paint(stdout, verdict.isRight ? "good" : "bad", verdictLine(verdict)),
    ...sampleLines(verdict),
  ];
  for (const line of lines) printLine(line);
}
