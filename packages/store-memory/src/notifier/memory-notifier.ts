/** Hints between nodes of one process, delivered through the clock and, when told so, not at all. */
import type { NodeId } from "@holdfast/contracts";
import type { Clock, NodeMessage, Notifier, NotifierListener } from "@holdfast/runtime";

/** How a hub delivers. */
export interface MemoryNotifierOptions {
  readonly clock: Clock;
  /** From sending to receiving. */
  readonly latencyMs?: number;
  /** Messages for which this answers true are lost. */
  readonly drop?: (node: NodeId, message: NodeMessage) => boolean;
}

/** What nodes of one process are connected by. */
export interface MemoryNotifierHub {
  /** The notifier of one node; closing it leaves the others alone. */
  connect(): Notifier;
  /** Replaces what is lost; `null` loses nothing. */
  setDrop(drop: ((node: NodeId, message: NodeMessage) => boolean) | null): void;
  /** Breaks or mends every connection; whoever is connected again learns of the gap. */
  setHealthy(isHealthy: boolean): void;
}

interface Connection {
  readonly nodes: Map<NodeId, NotifierListener>;
}

/** Creates a hub. */
export function createMemoryNotifier(options: MemoryNotifierOptions): MemoryNotifierHub {
  const connections = new Set<Connection>();
  let drop = options.drop ?? null;
  let isHealthy = true;

  function deliver(node: NodeId, message: NodeMessage): void {
    if (!isHealthy) return;
    for (const { nodes } of connections) nodes.get(node)?.onMessage(message);
  }

  return {
    connect: () => {
      const connection: Connection = { nodes: new Map() };
      connections.add(connection);
      return {
        publish: (node, message) => {
          if (!isHealthy || drop?.(node, message) === true) return;
          options.clock.after(options.latencyMs ?? 0, () => deliver(node, message));
        },
        subscribe: async (node, listener) => {
          connection.nodes.set(node, listener);
        },
        isHealthy: () => isHealthy,
        close: async () => {
          connections.delete(connection);
        },
      };
    },
    setDrop: (next) => {
      drop = next;
    },
    setHealthy: (next) => {
      const isRegained = next && !isHealthy;
      isHealthy = next;
      if (!isRegained) return;
      for (const { nodes } of connections) for (const listener of nodes.values()) listener.onGap();
    },
  };
}
