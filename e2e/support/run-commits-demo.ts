import { fileURLToPath } from "node:url";
import { Demo, type DemoResult } from "../../apps/cli/src/demo/demo.ts";

const data = (name: string) => fileURLToPath(new URL(`../../data/${name}`, import.meta.url));

/** It takes half a minute on two idle cores; this bounds one that hangs, not one that shares its cores. */
export const SLOW_MACHINE_MS = 900_000;

/** Replays the whole data set under fire: three workers, one of which is killed every two seconds. */
export async function runCommitsDemo(options: {
  readonly hasRedisKill: boolean;
  readonly controlSeed?: number;
}): Promise<DemoResult> {
  const notes: string[] = [];
  const demo = new Demo({
    file: data("commits.jsonl.gz"),
    expect: data("commits.expected.jsonl.gz"),
    workers: 3,
    killEveryMs: 2_000,
    concurrency: 256,
    hasRedisKill: options.hasRedisKill,
    controlSeed: options.controlSeed ?? null,
    signal: new AbortController().signal,
    onNote: (line) => notes.push(line),
  });
  const result = await demo.run();
  if (result === null) throw new Error(`the demo was stopped:\n${notes.join("\n")}`);
  return result;
}

/** What the verdict must be, whatever was killed. */
export const everySessionIsRight = {
  isRight: true,
  right: 1_958,
  wrong: 0,
  lost: 0,
  doubled: 0,
  reordered: 0,
  deadLetters: 0,
  samples: [],
};
