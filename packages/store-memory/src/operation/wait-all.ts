/** The one wait for several operations of a session (O12). */
import { OPERATION_LEASE_MS } from "@holdfast/contracts";
import type { WaitAllCommand, WaitAllReply } from "@holdfast/runtime";
import type { MemoryContext } from "../session/work.ts";
import { stripLapsed } from "./move-operation.ts";
import type { WaitData } from "./registry-data.ts";
import { changeOf, dropIdleOwners, endWait, findRegistryWork, hasLapsed, type RegistryWork } from "./registry-work.ts";

/** Begins, keeps up or gives up a wait. */
export function waitAll(context: MemoryContext, command: WaitAllCommand): WaitAllReply {
  const step = findRegistryWork(context, command);
  if (step === null) return { kind: "ended" };
  const { registry, work } = step;
  const isOwn = registry.wait?.waitId === command.waitId;
  if (command.action === "cancel") {
    if (!isOwn) return { kind: "over" };
    endWait(step);
    return { kind: "cancelled" };
  }
  if (command.action === "renew" && !isOwn) return { kind: "over" };
  if (!isOwn) {
    if (registry.wait !== null && registry.wait.until > work.now)
      return { kind: "active", waitId: registry.wait.waitId };
    // What began a wait and lost it cannot go on in the middle.
    if (command.from > 0) return { kind: "over" };
    if (registry.wait !== null) endWait(step);
    const { waitId, node, total } = command;
    registry.wait = { waitId, node, total, until: 0, seen: 0, left: 0 };
  }
  return keepUp(step, registry.wait as WaitData, command);
}

function keepUp(step: RegistryWork, wait: WaitData, command: WaitAllCommand): WaitAllReply {
  wait.until = step.work.now + OPERATION_LEASE_MS;
  const unknown = name(step, wait, command);
  if (unknown !== null) {
    endWait(step);
    return { kind: "unknown", operationId: unknown };
  }
  if (hasLapsed(step)) stripLapsed(step, step.life.active.length);
  dropIdleOwners(step);
  const isOver = wait.left === 0 && wait.seen === wait.total;
  if (isOver && step.registry.wait === wait) endWait(step);
  if (isOver) return { kind: "satisfied", change: changeOf(step) };
  return { kind: "waiting", left: wait.left, change: changeOf(step) };
}

/** Adds the operations that a wait names; answers the first that is not there. */
function name({ life }: RegistryWork, wait: WaitData, { action, from, operationIds, waitId }: WaitAllCommand) {
  // Operations that an earlier sending of this call has named are known already.
  if (action !== "begin" || from !== wait.seen) return null;
  for (const operationId of operationIds) {
    const operation = life.operations.get(operationId);
    if (operation === undefined) return operationId;
    operation.waitId = waitId;
    if (operation.seq === 0) wait.left += 1;
  }
  wait.seen += operationIds.length;
  return null;
}
