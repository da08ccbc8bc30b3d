import type { InputId, NodeId, RunId, SessionRef } from "@holdfast/contracts";
import type { InputRecord } from "./archive.ts";

/** What the rows of a session can testify to whoever was not there; also of one that was unregistered. */
export interface Witnesses {
  /** One input, by its id. */
  find(ref: SessionRef, inputId: InputId): Promise<InputRecord | null>;

  /** The input that owns the key this id derives from, where that one has an id of its own; else `null`. */
  ownerOf(ref: SessionRef, keyedId: InputId): Promise<InputId | null>;

  /** The inputs whose latest run is this one, in the order of admission. */
  ofRun(ref: SessionRef, runId: RunId): Promise<readonly InputRecord[]>;

  /** The worker that holds the session at this moment, by the store's clock; `null` when nobody does. */
  holder(ref: SessionRef): Promise<NodeId | null>;
}
