/**
 * Keeps a process that is in trouble readable: while Redis is away, everything
 * that wants it says so several times a second.
 */
import type { Clock } from "../ports/clock.ts";
import type { Report } from "../runtime-context.ts";

/** How often a phrase is heard at the most. */
const PERIOD_MS = 10_000;

/** Reports, a phrase at a time. */
export interface PacedReports {
  /**
   * Hands on the first report of a phrase at once. Those of the same phrase in
   * the time that follows become one: the last of them, with their number in
   * the field `times`.
   */
  readonly report: (report: Report) => void;
  /** Hands on what is kept back; reports that come later are handed on as they come. */
  readonly close: () => void;
}

interface Phrase {
  kept: Report | null;
  times: number;
  cancel: () => void;
}

/** Paces what is reported to `sink`. */
export function paceReports(sink: (report: Report) => void, clock: Clock): PacedReports {
  const phrases = new Map<string, Phrase>();
  let isClosed = false;

  const speak = (phrase: Phrase): void => {
    const { kept, times } = phrase;
    phrase.kept = null;
    phrase.times = 0;
    if (kept !== null) sink(times === 1 ? kept : { ...kept, fields: { ...kept.fields, times } });
  };
  const listen = (name: string, phrase: Phrase): void => {
    phrase.cancel = clock.after(PERIOD_MS, () => {
      if (phrase.kept === null) {
        phrases.delete(name);
        return;
      }
      speak(phrase);
      listen(name, phrase);
    });
  };
  const report = (next: Report): void => {
    const known = phrases.get(next.phrase);
    if (known !== undefined) {
      known.kept = next;
      known.times += 1;
      return;
    }
    sink(next);
    if (isClosed) return;
    const phrase: Phrase = { kept: null, times: 0, cancel: () => {} };
    phrases.set(next.phrase, phrase);
    listen(next.phrase, phrase);
  };
  const close = (): void => {
    isClosed = true;
    for (const phrase of phrases.values()) {
      phrase.cancel();
      speak(phrase);
    }
    phrases.clear();
  };
  return { report, close };
}
