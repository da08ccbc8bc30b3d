/** What a process needs to take part in registries of background operations, put together. */
import type { Followers } from "../events/followers.ts";
import type { Waker } from "../ingress/waker.ts";
import type { NodeMessage } from "../ports/notifier.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { IdleWake } from "./idle-wake.ts";
import { OperationRegistries } from "./operation-registries.ts";
import { createOperationRegistry } from "./operation-registry.ts";
import { OperationWaits } from "./operation-waits.ts";
import { OperationWatchers } from "./operation-watchers.ts";

/** Registries of a process, and those who wait in it. */
export interface OperationUseCases {
  readonly registries: OperationRegistries;
  /** A message about operations has come. */
  deliver(message: OperationMessage): void;
  /** Messages may have been missed. */
  recheckAll(): void;
  close(): void;
}

/** Messages about operations. */
export type OperationMessage = Extract<NodeMessage, { type: "operation.ended" | "operation.wait_over" }>;

/** Puts them together. */
export function createOperationUseCases(
  context: RuntimeContext,
  parts: {
    readonly publish: OutputGate;
    readonly followers: Followers;
    readonly idleWake: IdleWake;
    readonly waker: Waker;
  },
): OperationUseCases {
  const { publish } = parts;
  const watchers = new OperationWatchers(context, publish);
  const waits = new OperationWaits(context, publish);
  const registries: OperationRegistries = new OperationRegistries(context, {
    publish,
    create: (registry) => {
      const owns = () => registries.owns(registry.ref);
      return createOperationRegistry({ ...parts, context, watchers, waits, owns }, registry);
    },
  });
  return {
    registries,
    deliver: (message) => {
      if (message.type === "operation.wait_over") waits.over(message.waitId);
      else watchers.ended(message.ref, message.operationId, message.outcome);
    },
    recheckAll: () => {
      watchers.recheckAll();
      waits.recheckAll();
    },
    close: () => {
      registries.close();
      waits.close();
      watchers.close();
      parts.idleWake.close();
    },
  };
}
