/** How likely it is that what travels between nodes goes wrong. */
import type { Timing } from "@holdfast/contracts";
import type { Chance } from "./chance.ts";

/** Rates and times of what goes wrong with every message. */
export interface Weather {
  /** A request never reaches the store. */
  readonly requestLoss: number;
  /** A request is carried out, and its reply never arrives. */
  readonly replyLoss: number;
  /** A request is carried out twice. */
  readonly duplication: number;
  /** A request or a reply takes its time. */
  readonly delay: number;
  readonly delayMs: number;
  /** After this long a caller hears that the store is unavailable. */
  readonly timeoutMs: number;
  /** A notification or a wake is lost, comes twice, comes late. */
  readonly hintLoss: number;
  readonly hintDuplication: number;
  readonly hintDelay: number;
  /** A wake is refused. */
  readonly refusal: number;
}

/** Nothing goes wrong and nothing takes time. */
export const CALM: Weather = {
  requestLoss: 0,
  replyLoss: 0,
  duplication: 0,
  delay: 0,
  delayMs: 0,
  timeoutMs: 1_000,
  hintLoss: 0,
  hintDuplication: 0,
  hintDelay: 0,
  refusal: 0,
};

/** Draws how bad it gets. */
export function drawWeather(chance: Chance, { leaseMs }: Timing): Weather {
  const rate = () => chance.pick([0, 0, 0.02, 0.1, 0.25]);
  return {
    requestLoss: rate(),
    replyLoss: rate(),
    duplication: rate(),
    delay: chance.pick([0, 0.1, 0.4]),
    delayMs: chance.pick([5, 50, leaseMs * 0.1, leaseMs * 0.5]),
    timeoutMs: leaseMs * chance.pick([0.05, 0.2, 0.5]),
    hintLoss: chance.pick([0, 0, 0.1, 0.5, 1]),
    hintDuplication: rate(),
    hintDelay: rate(),
    refusal: rate(),
  };
}
