/** The calls on the registry of background operations that commands become. */
import type {
  EpochId,
  NodeId,
  OperationId,
  OperationOutcome,
  OperationSnapshot,
  RequestId,
  SessionRef,
  WaitId,
} from "@holdfast/contracts";
import type { MoveOperationCommand, OpenOperationsReply, Store } from "@holdfast/runtime";
import { admitCommand } from "../fixtures/commands.ts";
import { nodeId } from "../fixtures/ids.ts";
import { admitCall, type Call } from "./calls.ts";
import { back, type KnownRegistry, type Mind, NOBODY, registryOf, type Standing } from "./mind.ts";
import type { OperationCommand } from "./operation-command.ts";

type Of<T extends OperationCommand["type"]> = Extract<OperationCommand, { type: T }>;

/** What a command becomes in a session. */
type Interpreters = {
  readonly [T in OperationCommand["type"]]: (mind: Mind, standing: Standing, command: Of<T>) => Call;
};

const NODES: readonly NodeId[] = ["first", "second", "third"].map(nodeId);

/** The call a command stands for. */
export function operationCall(mind: Mind, command: OperationCommand): Call {
  const standing = mind.standings[command.session % mind.standings.length] as Standing;
  const interpreter = INTERPRETERS[command.type] as (mind: Mind, standing: Standing, c: OperationCommand) => Call;
  const known = registryOf(mind, standing.ref);
  // Most commands are about operations: one that finds none makes what it needs.
  if (known.epochId === null) return openCall(mind, standing.ref, { node: 0, isFromSlot: false });
  const call = interpreter(mind, standing, command);
  return { ...call, learn: (answer) => noteEnd(known, answer, call) };
}

/** A registry that has ended is opened anew. */
function noteEnd(known: KnownRegistry, answer: unknown, call: Call): void {
  call.learn?.(answer);
  if ((answer as { readonly kind?: string }).kind !== "ended") return;
  known.former = known.epochId ?? known.former;
  known.epochId = null;
  known.operations.length = 0;
  known.awaited = null;
}

/** Whether a command is one of these. */
export function isOperationCommand(command: { readonly type: string }): command is OperationCommand {
  return Object.hasOwn(INTERPRETERS, command.type);
}

const INTERPRETERS: Interpreters = {
  open_registry: (mind, { ref }, command) => openCall(mind, ref, command),
  register_operation: (mind, { ref }, { node, back: count, request, kind, epoch }) => {
    const known = registryOf(mind, ref);
    const operationId = (count === null ? undefined : back(known.operations, count)) ?? newOperation(mind, known);
    const child = kind === "mob_member_child" ? { childSessionId: "a|b" } : {};
    const command = {
      ...registryRef(ref, known, epoch),
      operationId,
      requestId: requestOf(mind, request),
      node: NODES[node] as NodeId,
      spec: { kind, displayName: `é|${kind}`, ...child },
    };
    return { what: `register ${operationId}`, touches: [ref], send: (store) => store.operations.register(command) };
  },
  move_operation: (mind, { ref }, command) => {
    const known = registryOf(mind, ref);
    const awaited = command.back === 0 ? known.awaited : null;
    const operationId = awaited ?? back(known.operations, command.back) ?? NOBODY;
    const move: MoveOperationCommand = {
      ...registryRef(ref, known, command.epoch),
      operationId,
      requestId: requestOf(mind, command.request),
      action: command.action,
      node: NODES[command.node] as NodeId,
      takesOwnership: command.takesOwnership,
      outcome: outcomeOf(command),
      peerHandle: command.action === "peer_ready" ? `{"at":"é|${command.variant}"}` : null,
    };
    const what = `${command.action} ${operationId}`;
    return { what, touches: [ref], send: (store) => store.operations.move(move) };
  },
  terminate_operations: (mind, { ref }, { epoch }) => {
    const outcome = '{"kind":"terminated","reason":"é|;,"}';
    const command = { ...registryRef(ref, registryOf(mind, ref), epoch), outcome };
    return { what: "terminate operations", touches: [ref], send: (store) => store.operations.terminate(command) };
  },
  watch_operation: (mind, { ref }, command) => {
    const known = registryOf(mind, ref);
    const operationId = back(known.operations, command.back) ?? NOBODY;
    const { count, node } = command;
    const watch = { ...registryRef(ref, known, "current"), operationId, node: NODES[node] as NodeId, count };
    return { what: `watch ${operationId}`, touches: [ref], send: (store) => store.operations.watch(watch) };
  },
  await_operations: (mind, { ref }, { action, wait, count, from, isPart }) => {
    const known = registryOf(mind, ref);
    const named = known.operations.slice(-count - 1);
    const operationIds = named.length === 0 ? [NOBODY] : named;
    const command = {
      ...registryRef(ref, known, "current"),
      waitId: `wai_${wait}` as WaitId,
      node: NODES[wait] as NodeId,
      action,
      from,
      total: from + operationIds.length + (isPart ? 1 : 0),
      operationIds,
    };
    const what = `${action} the wait ${wait} for ${operationIds.join()}`;
    return { what, touches: [ref], send: (store) => store.operations.waitAll(command) };
  },
  collect_operations: (mind, { ref }, { through }) => {
    const registry = registryRef(ref, registryOf(mind, ref), "current");
    return { what: "collect", touches: [ref], send: (store) => store.operations.collect(registry, through) };
  },
  advance_cursor: (mind, { ref }, { to }) => {
    const registry = registryRef(ref, registryOf(mind, ref), "current");
    return {
      what: "advance the cursor",
      touches: [ref],
      send: (store) => store.operations.advanceCursor(registry, to),
    };
  },
  tell: (mind, { ref, settings: known }, { through }) => {
    const input = { kind: "continuation", reason: "operations_ended", source: { type: "system" } } as const;
    const { settings, revision } = known;
    const options = { input, settings, settingsRevision: revision, toldThrough: through };
    return admitCall(mind, admitCommand(ref, mind.ids, options));
  },
  read_operations: (mind, { ref }, query) => {
    const operationId = registryOf(mind, ref).operations.at(-1) ?? NOBODY;
    return {
      what: "read operations",
      touches: [],
      send: (store) => readOperations(store, ref, { ...query, operationId }),
    };
  },
};

function openCall(
  mind: Mind,
  ref: SessionRef,
  { node, isFromSlot }: Omit<Of<"open_registry">, "type" | "session">,
): Call {
  const known = registryOf(mind, ref);
  const epochId = `epo_${(known.opened += 1)}` as EpochId;
  const command = { ref, node: NODES[node] as NodeId, epochId, fromSlot: isFromSlot ? 1 : 0 };
  return {
    what: `open the registry as ${command.node}`,
    touches: [ref],
    send: (store) => store.operations.open(command),
    learn: (answer) => {
      const reply = answer as OpenOperationsReply;
      if (reply.kind === "open") known.epochId = reply.epochId;
    },
  };
}

function registryRef(ref: SessionRef, { epochId, former }: KnownRegistry, epoch: "current" | "former") {
  const wanted = epoch === "current" ? epochId : former;
  return { ref, epochId: wanted ?? ("epo_of_another" as EpochId) };
}

function newOperation(mind: Mind, known: KnownRegistry): OperationId {
  mind.operations += 1;
  const operationId = `opr_${mind.operations}` as OperationId;
  known.operations.push(operationId);
  return operationId;
}

function requestOf(mind: Mind, request: number | null): RequestId {
  return request === null ? mind.ids.request() : (`request ${request}` as RequestId);
}

/** What a report of an end says; `null` where the action ends nothing. */
function outcomeOf({ action, variant }: Of<"move_operation">): string | null {
  const outcomes: Partial<Record<typeof action, OperationOutcome>> = {
    fail_provisioning: { kind: "failed", error: "é" },
    abort_provisioning: { kind: "aborted" },
    complete: { kind: "completed", result: { variant } },
    fail: { kind: "failed", error: `no ${variant}` },
    cancel: { kind: "cancelled", reason: "|;," },
    mark_retired: { kind: "retired" },
  };
  const outcome = outcomes[action];
  return outcome === undefined ? null : JSON.stringify(outcome);
}

/** Every read of a registry, without what the server's own clock says. */
async function readOperations(
  { operationArchive: archive }: Store,
  ref: SessionRef,
  query: { readonly after: number; readonly limit: number; readonly operationId: OperationId },
): Promise<unknown> {
  const one = await archive.find(ref, query.operationId);
  return {
    registry: await archive.findRegistry(ref),
    one: one === null ? null : timeless(one),
    all: (await archive.list(ref)).map(timeless),
    ended: (await archive.listEnded(ref)).map(({ seq, operation }) => ({ seq, ...timeless(operation) })),
    feed: await archive.listCompletions(ref, query),
  };
}

function timeless({ elapsedMs, ...operation }: OperationSnapshot) {
  return { ...operation, elapsedMs: operation.completedAt === null ? null : elapsedMs };
}
