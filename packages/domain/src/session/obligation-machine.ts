/**
 * Lifecycle of one obligation of an unregistration.
 *
 * Invariants
 *   S6  An obligation is closed once; what is heard of it afterwards changes
 *       nothing.
 */
import type { ObligationStatus } from "@holdfast/contracts";
import { setup } from "xstate";

/** How an obligation is closed. */
export interface ObligationFacts {
  /** Without waiting for whoever owed it. */
  readonly isForced: boolean;
}

/** Which facts each event carries. */
export const OBLIGATION_EVENT_FACTS: Readonly<Record<"obligation.close", readonly (keyof ObligationFacts)[]>> = {
  "obligation.close": ["isForced"],
};

const STATUS = {
  open: "open",
  closed: "closed",
  forced: "forced",
} as const satisfies { readonly [S in ObligationStatus]: S };

/** The lifecycle of an obligation; see the head of this file for its invariants. */
export const obligationMachine = setup({
  types: { events: {} as { readonly type: "obligation.close"; readonly facts: Partial<ObligationFacts> } },
  guards: { isForced: ({ event }) => event.facts.isForced === true },
}).createMachine({
  id: "obligation",
  initial: STATUS.open,
  states: {
    [STATUS.open]: {
      on: { "obligation.close": [{ guard: "isForced", target: STATUS.forced }, { target: STATUS.closed }] },
    },
    [STATUS.closed]: { type: "final" }, // S6
    [STATUS.forced]: { type: "final" },
  },
});
