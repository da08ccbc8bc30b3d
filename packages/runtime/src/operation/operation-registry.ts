/** The registry of one session in one epoch, as this process sees it. */
import {
  AppError,
  type CompletionPage,
  type OperationAction,
  type OperationCompletion,
  type OperationCursors,
  OperationId,
  OperationOutcome,
  type OperationSnapshot,
  OperationSpec,
  type RequestId,
} from "@holdfast/contracts";
import { operationRefusal } from "@holdfast/domain";
import type {
  CursorState,
  NewOperation,
  OperationCallOptions,
  OperationRegistry,
  OperationWaitOptions,
} from "../api/operations.ts";
import { limitOf } from "../completion/wait-for-outcome.ts";
import type { Followers } from "../events/followers.ts";
import type { Waker } from "../ingress/waker.ts";
import type { CursorsReply, MoveOperationCommand, RegistryGone, RegistryRef } from "../ports/operations.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { IdleWake } from "./idle-wake.ts";
import { operationJson } from "./operation-json.ts";
import type { OperationWaits } from "./operation-waits.ts";
import type { OperationWatchers } from "./operation-watchers.ts";
import { FEED_PAGE } from "./past-outcomes.ts";
import { publishChange } from "./publish-change.ts";

/** What a registry needs beside the world. */
export interface RegistryParts {
  readonly context: RuntimeContext;
  readonly publish: OutputGate;
  readonly watchers: OperationWatchers;
  readonly waits: OperationWaits;
  readonly followers: Followers;
  readonly idleWake: IdleWake;
  readonly waker: Waker;
  /** Operations of the session belong to this process. */
  readonly owns: () => void;
}

/** A registry of a session. */
export function createOperationRegistry(parts: RegistryParts, registry: RegistryRef): OperationRegistry {
  const { watchers, waits, context } = parts;
  const { operationArchive: archive } = context.store;
  const { ref, epochId } = registry;
  const cursors = createCursors(parts, registry);
  return {
    ...bindMoves(parts, registry),
    sessionId: ref.sessionId,
    epochId,
    cursors,
    register: (operation, options = {}) => register(parts, registry, { operation, options }),
    terminateOwner: (reason) => terminateOwner(parts, registry, reason),
    registerWatcher: (operationId) => watchers.watch(registry, operationId),
    waitAll: (operationIds, options = {}) => waits.waitAll(registry, operationIds, options),
    cancelWait: (waitId) => waits.cancel(registry, waitId),
    snapshot: async (operationId) => {
      const found = await archive.find(ref, operationId);
      if (found === null) throw new AppError("operation.not_found", { details: { operationId } });
      return found;
    },
    listOperations: () => archive.list(ref),
    collectCompleted: () => collectCompleted(parts, registry),
    listSince: (seq) => listSince(parts, registry, seq),
    waitForAdvance: (seq, options = {}) => waitForAdvance(parts, registry, { seq, options }),
  };
}

type Moves = Pick<
  OperationRegistry,
  | "provisioningSucceeded"
  | "provisioningFailed"
  | "abortProvisioning"
  | "reportProgress"
  | "peerReady"
  | "requestRetire"
  | "completeOperation"
  | "failOperation"
  | "cancelOperation"
  | "markRetired"
>;

type Action = MoveOperationCommand["action"];

/** Actions by which a process says that it carries the operation on (O10). */
const REPORTS: readonly OperationAction[] = ["provision", "report_progress", "peer_ready"];

function bindMoves(parts: RegistryParts, registry: RegistryRef): Moves {
  const move = (operationId: OperationId, action: Action, said: Said = {}) => {
    return moveOperation(parts, registry, { operationId, action, ...said });
  };
  return {
    provisioningSucceeded: (id, options) => move(id, "provision", { options }),
    provisioningFailed: (id, error, options) => {
      return move(id, "fail_provisioning", { outcome: { kind: "failed", error }, options });
    },
    abortProvisioning: (id, reason, options) => {
      return move(id, "abort_provisioning", { outcome: { kind: "aborted", ...reasonOf(reason) }, options });
    },
    reportProgress: (id, options) => move(id, "report_progress", { options }),
    peerReady: (id, peerHandle, options) => move(id, "peer_ready", { peerHandle, options }),
    requestRetire: (id, options) => move(id, "request_retire", { options }),
    completeOperation: (id, result, options) => {
      return move(id, "complete", { outcome: { kind: "completed", result: result ?? null }, options });
    },
    failOperation: (id, error, options) => move(id, "fail", { outcome: { kind: "failed", error }, options }),
    cancelOperation: (id, reason, options) => {
      return move(id, "cancel", { outcome: { kind: "cancelled", ...reasonOf(reason) }, options });
    },
    markRetired: (id, options) => move(id, "mark_retired", { outcome: { kind: "retired" }, options }),
  };
}

function reasonOf(reason: string | undefined) {
  return reason === undefined ? {} : { reason };
}

interface Said {
  readonly outcome?: unknown;
  readonly peerHandle?: unknown;
  readonly options?: OperationCallOptions | undefined;
}

interface Move extends Said {
  readonly operationId: OperationId;
  readonly action: Action;
}

async function moveOperation(parts: RegistryParts, registry: RegistryRef, move: Move): Promise<OperationSnapshot> {
  const { context, publish, idleWake, waker, owns } = parts;
  const { operationId, action } = move;
  const takesOwnership = REPORTS.includes(action);
  const reply = await context.store.operations.move({
    ...registry,
    operationId,
    action,
    requestId: requestIdOf(parts, move.options),
    node: context.node,
    takesOwnership,
    outcome: move.outcome === undefined ? null : outcomeJson(parts, move.outcome),
    peerHandle: action === "peer_ready" ? operationJson("the handle", move.peerHandle, context.inputLimits) : null,
  });
  switch (reply.kind) {
    case "moved": {
      const { operation, change, isOwing, wake } = reply;
      const { outcome } = operation;
      publishChange(publish, registry.ref, outcome === null ? { change } : { change, outcome });
      if (takesOwnership) owns();
      waker.wake(registry.ref, wake);
      if (isOwing) idleWake.tellSoon(registry.ref);
      return operation;
    }
    case "refused": {
      const { status, operationKind: kind, isPeerReady } = reply;
      throw operationRefusal(action, { operationId, status, kind, isPeerReady });
    }
    case "unknown":
      throw new AppError("operation.not_found", { details: { operationId } });
    case "ended":
      throw epochEnded();
  }
}

function epochEnded(): AppError {
  return new AppError("operation.epoch_ended");
}

function requestIdOf({ context }: RegistryParts, options: OperationCallOptions = {}): RequestId {
  return options.requestId ?? (context.random.id("req") as RequestId);
}

/** @throws request.invalid */
function outcomeJson({ context }: RegistryParts, outcome: unknown): string {
  const json = operationJson("the outcome", outcome, context.inputLimits);
  const parsed = OperationOutcome.safeParse(outcome);
  if (parsed.success) return json;
  throw new AppError("request.invalid", { message: "this is no outcome of an operation", cause: parsed.error });
}

async function register(
  parts: RegistryParts,
  registry: RegistryRef,
  { operation, options }: { readonly operation: NewOperation; readonly options: OperationCallOptions },
): Promise<OperationSnapshot> {
  const { context, publish, owns } = parts;
  const { operationId: given = context.random.id("op"), ...fields } = operation;
  const operationId = parseOperationId(given);
  const spec = OperationSpec.safeParse(fields);
  if (!spec.success) {
    throw new AppError("request.invalid", { message: "this is no operation", cause: spec.error });
  }
  const { node } = context;
  const requestId = requestIdOf(parts, options);
  const command = { ...registry, operationId, requestId, node, spec: spec.data };
  const reply = await context.store.operations.register(command);
  switch (reply.kind) {
    case "registered":
      publishChange(publish, registry.ref, { change: reply.change });
      owns();
      return reply.operation;
    case "known":
      throw new AppError("operation.already_registered", { details: { operationId, status: reply.status } });
    case "limit": {
      const { limit, active } = reply;
      throw new AppError("operation.limit_reached", { details: { limit, active } });
    }
    case "refused":
      throw new AppError("session.not_accepting", { details: { phase: reply.phase, legalVerbs: [] } });
    case "ended":
      throw epochEnded();
  }
}

/** @throws id.invalid */
function parseOperationId(id: string): OperationId {
  const parsed = OperationId.safeParse(id);
  if (parsed.success) return parsed.data;
  throw new AppError("id.invalid", { message: "this cannot name an operation", cause: parsed.error });
}

async function terminateOwner(parts: RegistryParts, registry: RegistryRef, reason: string): Promise<number> {
  const { context, publish, idleWake, waker } = parts;
  const outcome: OperationOutcome = { kind: "terminated", reason };
  const json = outcomeJson(parts, outcome);
  for (let count = 0; ; ) {
    const reply = await context.store.operations.terminate({ ...registry, outcome: json });
    if (reply.kind === "ended") throw epochEnded();
    publishChange(publish, registry.ref, { change: reply.change, outcome });
    count += reply.change.ended.length;
    waker.wake(registry.ref, reply.wake);
    if (reply.left > 0) continue;
    if (reply.isOwing) idleWake.tellSoon(registry.ref);
    return count;
  }
}

/** Read first, then removed: a reply that is lost costs a second look, and no operation. */
async function collectCompleted({ context }: RegistryParts, registry: RegistryRef) {
  const { operationArchive, operations } = context.store;
  const ended = await operationArchive.listEnded(registry.ref);
  const last = ended.at(-1);
  if (last === undefined) return [];
  for (;;) {
    const reply = await operations.collect(registry, last.seq);
    if (reply.kind === "ended") throw epochEnded();
    if (reply.isDone) return ended.map(({ operation }) => operation);
  }
}

/** Every page up to the watermark of the first: what was added since is for the next call. */
async function listSince({ context }: RegistryParts, { ref }: RegistryRef, seq: number): Promise<CompletionPage> {
  const { operationArchive } = context.store;
  const first = await operationArchive.listCompletions(ref, { after: seq, limit: FEED_PAGE });
  const entries: OperationCompletion[] = [...first.entries];
  let { droppedThrough } = first;
  for (let after = seq + FEED_PAGE; after < first.watermark; after += FEED_PAGE) {
    const page = await operationArchive.listCompletions(ref, { after, limit: FEED_PAGE });
    entries.push(...page.entries.filter((entry) => entry.seq <= first.watermark));
    droppedThrough = page.droppedThrough;
  }
  return { entries, watermark: first.watermark, droppedThrough };
}

async function waitForAdvance(
  { context, followers }: RegistryParts,
  { ref, epochId }: RegistryRef,
  { seq, options }: { readonly seq: number; readonly options: OperationWaitOptions },
): Promise<number> {
  const limit = limitOf(context.clock, options);
  const over = new AbortController();
  let watermark = 0;
  const isBehind = async (): Promise<boolean> => {
    const registry = await context.store.operationArchive.findRegistry(ref);
    if (registry?.epochId !== epochId) throw epochEnded();
    watermark = registry.watermark;
    return watermark <= seq;
  };
  const advance = async (): Promise<number> => {
    while (!over.signal.aborted && watermark <= seq) await followers.nextChange(ref, over.signal, isBehind);
    return watermark;
  };
  try {
    return await Promise.race([advance(), limit.reached]);
  } finally {
    over.abort();
    limit.cancel();
  }
}

function createCursors({ context }: RegistryParts, registry: RegistryRef): CursorState {
  const { operations, operationArchive } = context.store;
  const cursorsOf = (reply: CursorsReply | RegistryGone): OperationCursors => {
    if (reply.kind === "ended") throw epochEnded();
    return reply.cursors;
  };
  return {
    read: async () => {
      const found = await operationArchive.findRegistry(registry.ref);
      if (found?.epochId !== registry.epochId) throw epochEnded();
      return found.cursors;
    },
    advanceAgentApplied: async (seq) => cursorsOf(await operations.advanceCursor(registry, seq)),
  };
}
