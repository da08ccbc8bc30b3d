/** What the command `TIME` answers: seconds and microseconds. */
export type TimeReply = readonly (string | number)[];

/** The server's time as epoch milliseconds. */
export function millisOf([seconds, microseconds]: TimeReply): number {
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}
