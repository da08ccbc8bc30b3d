import type { Report } from "@holdfast/runtime";

/** A log of fixed phrases and their fields, as pino is one. */
export type Log = Readonly<Record<Report["level"], (fields: object, phrase: string) => void>>;

/** Logs what happens in the background. */
export function reportTo(log: Log): (report: Report) => void {
  return ({ level, phrase, fields }) => log[level](fields, phrase);
}
