/**
 * What happened in one simulated life, in order. Noting is cheap; text is made
 * only when somebody reads.
 */
import { sha256 } from "@holdfast/runtime";

/** Anything that can be shown as JSON. */
export type Facts = Readonly<Record<string, unknown>>;

interface Entry {
  readonly at: number;
  readonly who: string;
  readonly what: string;
  readonly facts: () => Facts;
}

/** A growing record. */
export class History {
  readonly #entries: Entry[] = [];
  readonly #now: () => number;

  /** @param now milliseconds since the life began */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How much has happened; grows with everything noted, so it orders what happens at one time. */
  get length(): number {
    return this.#entries.length;
  }

  /** @param facts called when somebody reads, so it must not depend on what changes */
  note(who: string, what: string, facts: () => Facts = nothing): void {
    this.#entries.push({ at: this.#now(), who, what, facts });
  }

  /** One line for each event. */
  lines(): string[] {
    return this.#entries.map(({ at, who, what, facts }) => {
      const time = (at / 1_000).toFixed(3).padStart(9);
      return `${time}  ${who.padEnd(6)} ${what.padEnd(18)} ${render(facts())}`.trimEnd();
    });
  }

  /** Equal for equal histories. */
  digest(): string {
    return sha256(this.lines().join("\n"));
  }
}

const nothing = (): Facts => ({});

function render(facts: Facts): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}
