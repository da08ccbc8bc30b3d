import type { AckLevel, Binding, InputId } from "@holdfast/contracts";

/** How an input is admitted, beside what it says. */
export interface AcceptOptions {
  /** Creates a missing session with this binding. */
  readonly createWith?: Binding;
  /** Refused as `ack.unsupported` when the store cannot give it. */
  readonly minimumAck?: AckLevel;
  /** Stages for the next turn without waking the session. */
  readonly isWithoutWake?: boolean;
}

/** An input by its id or by the key it was sent with. */
export type InputTarget = { readonly inputId: InputId } | { readonly key: string };
