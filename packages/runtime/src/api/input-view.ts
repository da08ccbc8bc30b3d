import type { Input, InputHistoryEntry } from "@holdfast/contracts";
import type { InputRecord } from "../ports/archive.ts";

/** An input as callers see it: its record, with the payload parsed. */
export interface InputView extends Omit<InputRecord, "payload"> {
  readonly input: Input;
}

/** An input and every step it has made. */
export interface InputStateView extends InputView {
  /** In order; without the steps whose events are not retained any more, nor those further than 5,000 events from its admission. */
  readonly history: readonly InputHistoryEntry[];
}
