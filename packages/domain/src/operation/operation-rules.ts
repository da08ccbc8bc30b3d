import {
  AppError,
  type OperationAction,
  type OperationId,
  type OperationKind,
  type OperationStatus,
} from "@holdfast/contracts";
import { OPERATION_KIND_RULES } from "./operation-kinds.ts";

/** An operation that refused an action. */
export interface RefusedOperation {
  readonly operationId: OperationId;
  readonly status: OperationStatus;
  readonly kind: OperationKind;
  readonly isPeerReady: boolean;
}

/** Says why an operation refused: a peer that is not expected or was ready before, else its status. */
export function operationRefusal(action: OperationAction, refused: RefusedOperation): AppError {
  const { operationId, status, kind, isPeerReady } = refused;
  const details = { operationId, status, action };
  if (action === "peer_ready") {
    if (!OPERATION_KIND_RULES[kind].isPeerExpected) return new AppError("operation.peer_not_expected", { details });
    if (isPeerReady) return new AppError("operation.already_peer_ready", { details });
  }
  const message = `${action} is not legal while the operation is ${status}`;
  return new AppError("operation.invalid_transition", { message, details });
}

/** The first operation that a wait names twice, or `null`. */
export function findDuplicateOperation(operationIds: readonly OperationId[]): OperationId | null {
  return operationIds.find((operationId, index) => operationIds.indexOf(operationId) !== index) ?? null;
}
