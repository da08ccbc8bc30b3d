import type { Holdfast } from "holdfast";
import { grouped } from "../terminal/progress.ts";
import { paint, stderr } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";
import type { ReplayOptions } from "./replay.ts";
import type { Tally } from "./tally.ts";
import type { Verdict } from "./verdict.ts";

/** Failures told one by one; all of them are counted. */
const TOLD_FAILURES = 20;

/** What is said while a replay runs, through `note`. */
export function notesOf(
  note: (line: string) => void,
): Required<Pick<ReplayOptions, "onBad" | "onFailed" | "onOutage">> {
  let failures = 0;
  const warn = (line: string) => note(`${paint(stderr, "warning", "warning:")} ${printable(line)}`);
  return {
    onBad: ({ line, reason }) => warn(`line ${line} ${reason}`),
    onFailed: ({ line, sessionId, key }, reason) => {
      failures += 1;
      if (failures <= TOLD_FAILURES) warn(`line ${line} failed: ${reason} (session ${sessionId}, key ${key})`);
      if (failures === TOLD_FAILURES) warn("further failures are only counted");
    },
    onOutage: (isOver) => note(isOver ? "store answers again" : "store unavailable, retrying"),
  };
}

/** A sentence when nobody is there to do the work; `null` otherwise. */
export async function findMissingWorkerNote(holdfast: Holdfast, executor: string): Promise<string | null> {
  const workers = await holdfast.runtime.listWorkers();
  const isHosted = workers.some(({ executors }) => executors.some(({ name }) => name === executor));
  return isHosted ? null : `no worker hosts ${executor} at the moment; what is sent waits for one`;
}

/** How a replay went, on one line. */
export function tallyLine(tally: Tally, durationMs: number, isAwaited: boolean): string {
  const rate = durationMs > 0 ? (tally.admitted * 1_000) / durationMs : 0;
  const parts = [
    `${grouped(tally.admitted)} admitted in ${(durationMs / 1_000).toFixed(1)} s (${grouped(rate)}/s)`,
    ...(isAwaited ? [`${grouped(tally.done)} done`] : []),
    `${grouped(tally.failed)} failed`,
    `${grouped(tally.bad)} bad lines`,
  ];
  return parts.join(", ");
}

/** Failures by reason, most frequent first; empty when there are none. */
export function failureLines({ failures }: Tally): string[] {
  const sorted = [...failures].sort(([, one], [, other]) => other - one);
  return sorted.map(([reason, count]) => `  ${grouped(count)} x ${printable(reason)}`);
}

/** What an earlier run had done already; `null` when there was none. */
export function findResumeLine({ deduplicated }: Tally): string | null {
  if (deduplicated === 0) return null;
  return `${grouped(deduplicated)} of them were admitted by an earlier run and not again`;
}

/** The first wrong sessions, a line each. */
export function sampleLines({ samples }: Verdict): string[] {
  return samples.map(({ session, fault }) => `  ${printable(session)}: ${fault}`);
}
