/** Pages of what is numbered from 1 without gaps: inputs by admission, receipts by position, events by cursor. */

/** Which page. */
export interface PageQuery {
  /** Exclusive lower bound: admission number, position, cursor. 0 for the beginning. */
  readonly after: number;
  readonly limit: number;
}

/** A page. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Pass as `after` for the next page; `null` at the end. */
  readonly next: number | null;
  /** Ids of what stands on this page and cannot be read; absent when all of it can. */
  readonly corrupt?: readonly string[];
}

/** Longest page a store gives, whatever is asked. */
const MAX_PAGE = 500;

/** The numbers of a page, bounded by the last one there is. */
export function numbersOf({ after, limit }: PageQuery, last: number): number[] {
  const count = Math.max(0, Math.min(limit, MAX_PAGE, last - after));
  return Array.from({ length: count }, (_, offset) => after + 1 + offset);
}

/** A page of what was found under these numbers; something may have been missing. */
export function pageOf<T>(items: readonly T[], numbers: readonly number[], last: number): Page<T> {
  const end = numbers.at(-1);
  return { items, next: end === undefined || end >= last ? null : end };
}
