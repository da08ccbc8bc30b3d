import { createSeededRandom } from "../clock/virtual-clock.ts";

/** Choices that are the same for the same seed and subject, and independent of those about other subjects. */
export interface Chance {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** Whether something of this probability happens. */
  isHit(probability: number): boolean;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Chance about one subject of one seed. */
export function createChance(seed: number, subject: string): Chance {
  const random = createSeededRandom(mix(seed, subject));
  const fraction = () => random.fraction();
  return {
    fraction,
    // What cannot happen takes no number, so that a rate of zero changes nothing else.
    isHit: (probability) => probability > 0 && fraction() < probability,
    between: (low, high) => low + Math.floor(fraction() * (high - low + 1)),
    pick: (items) => items[Math.floor(fraction() * items.length)] as (typeof items)[number],
  };
}

/** FNV-1a over the subject, begun with the seed. */
function mix(seed: number, subject: string): number {
  let hash = Math.imul(seed ^ 0x811c9dc5, 0x01000193) ^ Math.imul(seed >>> 16, 0x9e3779b1);
  for (let at = 0; at < subject.length; at += 1) hash = Math.imul(hash ^ subject.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
