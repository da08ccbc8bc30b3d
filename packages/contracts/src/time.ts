/** Times are epoch milliseconds inside and ISO 8601 text outside; these two turn one into the other. */

/** A time as it is written for people and on the wire. */
export function isoOf(at: number): string {
  return new Date(at).toISOString();
}

/** A time of validated ISO text, as epoch milliseconds. */
export function epochMsOf(iso: string): number {
  return Date.parse(iso);
}
