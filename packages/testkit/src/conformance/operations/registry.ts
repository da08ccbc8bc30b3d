/** A registry of background operations, step by step. */
import type { EpochId, OperationId, OperationKind } from "@holdfast/contracts";
import type { MoveOperationCommand, RegistryRef } from "@holdfast/runtime";
import { nodeId } from "../../fixtures/ids.ts";
import { as } from "../../fixtures/session-driver.ts";
import type { SessionUnderTest } from "../store-under-test.ts";

/** Opens the registry of a session. */
export async function openRegistry({ store, ref }: SessionUnderTest, epoch = "epo_1"): Promise<RegistryRef> {
  const registry = { ref, epochId: epoch as EpochId };
  as(await store.operations.open({ ...registry, node: nodeId("first"), fromSlot: 0 }), "open");
  return registry;
}

/** Begins an operation of the first node. */
export async function registerOperation(
  { store, ids }: SessionUnderTest,
  registry: RegistryRef,
  name: string,
): Promise<void> {
  const kind: OperationKind = "background_tool_op";
  const spec = { kind, displayName: name };
  const command = { ...registry, operationId: name as OperationId, requestId: ids.request(), node: nodeId("first") };
  as(await store.operations.register({ ...command, spec }), "registered");
}

/** Takes an operation on. */
export function moveOperation(
  { store, ids }: SessionUnderTest,
  registry: RegistryRef,
  name: string,
  asked: Pick<MoveOperationCommand, "action"> & Partial<MoveOperationCommand>,
) {
  const said = { outcome: null, peerHandle: null, takesOwnership: false, node: nodeId("first") };
  const command = { ...registry, operationId: name as OperationId, requestId: ids.request() };
  return store.operations.move({ ...command, ...said, ...asked });
}
