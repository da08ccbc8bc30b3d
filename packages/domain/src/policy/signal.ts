import { Signal } from "@holdfast/contracts";

/** Orders signals by urgency: negative when the first is the weaker one. */
export function compareSignals(one: Signal, other: Signal): number {
  return Signal.options.indexOf(one) - Signal.options.indexOf(other);
}

/** What several signals come to: the strongest of them, `none` of nothing. */
export function strongestSignal(signals: readonly Signal[]): Signal {
  return signals.reduce<Signal>((strongest, next) => (compareSignals(next, strongest) > 0 ? next : strongest), "none");
}
