import type { InputId } from "@holdfast/contracts";

/** An input as field `p<admission>` holds it: its id, a space, its payload; so an admission number finds its input. */
export interface StoredPayload {
  readonly inputId: InputId;
  /** Canonical JSON. */
  readonly payload: string;
}

/** The payload of a stored field. */
export function decodePayload(stored: string): StoredPayload {
  const space = stored.indexOf(" ");
  return { inputId: stored.slice(0, space) as InputId, payload: stored.slice(space + 1) };
}
