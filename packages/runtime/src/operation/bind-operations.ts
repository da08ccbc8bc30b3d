import { AppError, type SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { OperationsApi, SessionBindings } from "../api/operations.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { getSession } from "../session/get-session.ts";
import type { OperationRegistries } from "./operation-registries.ts";

/** What the methods about operations work with. */
export interface OperationParts {
  readonly context: RuntimeContext;
  readonly registries: OperationRegistries;
  /** Registers a session, or finds it. @throws session.destroyed, control.refused */
  readonly register: (ref: SessionRef) => Promise<unknown>;
}

/** The methods of a runtime about background operations. */
export function bindOperations(parts: OperationParts): OperationsApi {
  const { context, registries } = parts;
  const { directory, operationArchive } = context.store;
  return {
    opsLifecycleRegistry: async (ref) => {
      const opened = await registries.open(ref);
      return opened.kind === "open" ? opened.registry : null;
    },
    prepareBindings: (ref) => prepareBindings(parts, ref),
    listOperations: async (ref) => {
      const found = await operationArchive.list(ref);
      if (found.length === 0) await getSession(directory, ref);
      return found;
    },
    listCompletions: async (ref, query) => {
      const page = await operationArchive.listCompletions(ref, query);
      if (page.watermark === 0) await getSession(directory, ref);
      return page;
    },
  };
}

/** The epoch that was installed first stays: what this process would give is used only if there is none (O11). */
async function prepareBindings({ registries, register }: OperationParts, ref: SessionRef): Promise<SessionBindings> {
  await register(ref);
  const opened = await registries.open(ref);
  if (opened.kind === "open") {
    const { registry } = opened;
    return { sessionId: ref.sessionId, epochId: registry.epochId, ops: registry, cursors: registry.cursors };
  }
  // It was there a moment ago: somebody stopped or destroyed it since.
  if (opened.kind === "missing" || isFinalPhase(opened.phase)) throw new AppError("session.destroyed");
  throw new AppError("session.not_accepting", { details: { phase: opened.phase, legalVerbs: [] } });
}
