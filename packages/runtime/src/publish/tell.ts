import type { NodeId } from "@holdfast/contracts";
import type { NodeMessage, Notifier } from "../ports/notifier.ts";

/** Tells a process something: this one directly, any other by a message that may be lost. */
export type Tell = (node: NodeId, message: NodeMessage) => void;

/** How this process tells. */
export function createTell(options: {
  readonly node: NodeId;
  readonly notifier: Notifier;
  /** What a message means here. */
  readonly deliver: (message: NodeMessage) => void;
}): Tell {
  return (node, message) => {
    if (node === options.node) options.deliver(message);
    else options.notifier.publish(node, message);
  };
}
