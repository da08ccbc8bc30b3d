/** The rounds of one measurement: the middle one counts, the others say how far to trust it. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly rounds: readonly number[];
}

/** The spread of some rounds, at least one. */
export function spreadOf(rounds: readonly number[]): Spread {
  const sorted = [...rounds].sort((one, other) => one - other);
  return { median: middleOf(sorted), least: sorted[0] as number, most: sorted.at(-1) as number, rounds: [...rounds] };
}

/** The middle of some values, in any order. */
export function medianOf(values: readonly number[]): number {
  return middleOf([...values].sort((one, other) => one - other));
}

function middleOf(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Round by round, how many times `one` is `other`. */
export function ratioOf(one: readonly number[], other: readonly number[]): Spread {
  return spreadOf(one.map((value, round) => value / (other[round] as number)));
}
