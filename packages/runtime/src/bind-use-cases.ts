/**
 * What a runtime can be asked, put together from its use cases. Nothing here
 * waits for a turn or a worker of this process.
 */
import {
  type Admission,
  AppError,
  type Binding,
  type Input,
  type NewInput,
  SCRIPT_BATCH,
  type SessionRef,
  SessionSettings,
} from "@holdfast/contracts";
import { bindComms } from "./comms/bind-comms.ts";
import type { Drains } from "./comms/drains.ts";
import type { Completions } from "./completion/completions.ts";
import { waitForOutcome } from "./completion/wait-for-outcome.ts";
import { bindControlPlane } from "./control/bind-control-plane.ts";
import { type ControlParts, interruptRun } from "./control/control-plane.ts";
import { bindDeadLetters } from "./dead-letters/bind-dead-letters.ts";
import { bindDeliveries } from "./delivery/bind-deliveries.ts";
import type { InboxDrains } from "./delivery/drain-inbox.ts";
import type { Followers } from "./events/followers.ts";
import { bindProjections } from "./events/project-events.ts";
import { readFrom, tellPage } from "./events/tell-events.ts";
import { explain } from "./explain/explain.ts";
import { bindAdmission } from "./ingress/bind-admission.ts";
import type { Ingress } from "./ingress/ingress.ts";
import type { DirectRunner } from "./loop/direct-runner.ts";
import { bindOperations } from "./operation/bind-operations.ts";
import type { OperationUseCases } from "./operation/operation-use-cases.ts";
import type { InputRecord } from "./ports/archive.ts";
import type { Page } from "./ports/page.ts";
import type { Presence } from "./ports/presence.ts";
import type { SessionRecord } from "./ports/session-directory.ts";
import { bindRuns } from "./runs/resume-run.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { bindSchedules } from "./schedule/bind-schedules.ts";
import { getRecord, getSession } from "./session/get-session.ts";
import { loadReceipt } from "./session/load-receipt.ts";
import { readHistory } from "./session/read-history.ts";
import { assertConsistent, registerSession } from "./session/register-session.ts";
import { toSessionView } from "./session/session-view.ts";
import type { AcceptOptions, AdmissionWithCompletion, InputView, SessionRuntime } from "./session-runtime.ts";
import { awaitedInput, bindStatus, inputIdOf } from "./status/bind-status.ts";
import { bindStreams } from "./streams/bind-streams.ts";
import type { StreamReaders } from "./streams/stream-readers.ts";
import { bindSubmit } from "./submit/bind-submit.ts";
import { bindUnregister } from "./unregister/unregister-session.ts";
import { bindVerify } from "./verify/verify-session.ts";

/** What the methods work with. */
export interface UseCases {
  readonly context: RuntimeContext;
  readonly completions: Completions;
  readonly followers: Followers;
  readonly readers: StreamReaders;
  readonly ingress: Ingress;
  readonly control: ControlParts;
  readonly drains: Drains;
  readonly inboxes: InboxDrains;
  readonly directRuns: DirectRunner;
  readonly operations: OperationUseCases;
}

/** The methods of a runtime, each one use case. */
export function bindUseCases(parts: UseCases): SessionRuntime {
  const { context, completions, ingress, followers, control } = parts;
  const { archive, directory, presence } = context.store;
  const { clock } = context;
  const pages = bindPages(parts);
  const bind: SessionRuntime["ensureSessionWithExecutor"] = (ref, binding, options = {}) =>
    registerSession(parts, ref, { binding, ...options });
  return {
    ...pages,
    ...bindFamilies(parts, pages),
    registerSession: (ref, options = {}) => registerSession(parts, ref, { binding: null, ...options }),
    ensureSessionWithExecutor: bind,
    registerSessionWithExecutor: bind,
    setSessionSilentIntents: (ref, intents) => setSilentIntents(parts, ref, intents),
    acceptInput: async (ref, input, options = {}) => {
      return ingress.admit(ref, ingress.prepare(ref, input), { ...options, isAwaited: false });
    },
    acceptInputWithCompletion: (ref, input, options = {}) => acceptAwaited(parts, ref, { input, options }),
    waitForOutcome: async (ref, target, options = {}) => {
      return waitForOutcome({ completions, clock }, { ref, input: awaitedInput(parts, ref, target) }, options);
    },
    findSession: async (ref) => {
      const record = await directory.find(ref);
      return record === null ? null : toSessionView(record);
    },
    listSessions: (query) => directory.list(query),
    sessionState: async (ref) => {
      const found = await archive.findState(ref);
      if (found === null) throw new AppError("session.not_found");
      return { state: found.state === null ? null : (JSON.parse(found.state) as unknown), position: found.position };
    },
    inputState: async (ref, target) => {
      const record = await archive.findInput(ref, await inputIdOf(parts, ref, target));
      if (record === null) await requireSession(parts, ref);
      return record === null ? null : { ...toInputView(record), history: await readHistory(archive, ref, record) };
    },
    loadBoundaryReceipt: (ref, boundary) => loadReceipt(parts.context.store, ref, boundary),
    followEvents: (ref, options) => followers.follow(ref, options),
    explain: async (ref) => {
      const facts = await archive.explainFacts(ref);
      if (facts === null) throw new AppError("session.not_found");
      return explain(facts, await announcedVersions(presence, facts.record.binding));
    },
    interruptCurrentRun: (ref, command) => interruptRun(control, ref, command),
    listWorkers: () => presence.list(),
    listUnhostedSessions: () => presence.listUnhosted(SCRIPT_BATCH),
    ping: () => context.store.ping(),
  };
}

/** The versions in which workers host the executor of a binding. */
async function announcedVersions(presence: Presence, binding: Binding | null): Promise<readonly string[]> {
  if (binding === null) return [];
  const workers = await presence.list();
  const hosted = workers.flatMap(({ executors }) => executors.filter(({ name }) => name === binding.executor));
  return [...new Set(hosted.map(({ version }) => version))].sort();
}

/** Methods that stand in interfaces of their own. */
function bindFamilies(parts: UseCases, pages: PageMethods) {
  const { context, ingress, control } = parts;
  return {
    ...bindComms(parts.drains),
    ...bindDeliveries(parts),
    ...bindControlPlane({
      ...control,
      changed: (ref) => parts.drains.look(ref),
      runtime: {
        acceptInput: (ref, input, options = {}) =>
          ingress.admit(ref, ingress.prepare(ref, input), { ...options, isAwaited: false }),
        listInputs: pages.listInputs,
      },
    }),
    ...bindVerify(context),
    ...bindStatus(parts),
    ...bindStreams(parts),
    ...bindProjections(parts),
    ...bindSubmit(parts),
    ...bindUnregister({ ...control, drains: parts.drains }),
    ...bindDeadLetters({ context, ingress, publish: control.publish }),
    ...bindAdmission(parts),
    ...bindOperations({
      context,
      registries: parts.operations.registries,
      register: (ref) => registerSession(parts, ref, { binding: null }),
    }),
    ...bindSchedules(parts),
    ...bindRuns(control),
  };
}

type PageMethods = Pick<SessionRuntime, "listInputs" | "listDeadLetters" | "listReceipts" | "listEvents">;

function bindPages(parts: UseCases): PageMethods {
  const { archive, directory } = parts.context.store;
  const pageOf = async <T, U>(ref: SessionRef, loading: Promise<Page<T>>, view: (item: T) => U): Promise<Page<U>> => {
    const { items, next } = await loading;
    // Only an empty page can mean that there is no session.
    if (items.length === 0) await requireSession(parts, ref);
    return { items: items.map(view), next };
  };
  const inputsOf = async (ref: SessionRef, loading: Promise<Page<InputRecord>>): Promise<Page<InputView>> => {
    const page = await loading;
    if (page.items.length === 0) await requireSession(parts, ref);
    return readablePage(parts, ref, page);
  };
  return {
    listInputs: (ref, query) => inputsOf(ref, archive.listInputs(ref, query)),
    listDeadLetters: (ref, query) => inputsOf(ref, archive.listDeadLetters(ref, query)),
    listReceipts: (ref, query) => pageOf(ref, archive.listReceipts(ref, query), (receipt) => receipt),
    listEvents: async (ref, { after, limit }) => {
      const from = readFrom(after);
      const loading = archive.listEvents(ref, { after: from.cursor, limit });
      // The event that ended a session outlives it; those of one that was unregistered are nobody's to list.
      const [page] = await Promise.all([loading, getRecord(directory, ref).then(assertConsistent)]);
      return tellPage(ref, page, { from, limit });
    },
  };
}

/** The inputs of a page that can be read; those that cannot are named, and reported. */
function readablePage({ context }: UseCases, ref: SessionRef, page: Page<InputRecord>): Page<InputView> {
  const items: InputView[] = [];
  const corrupt = [...(page.corrupt ?? [])];
  for (const record of page.items) {
    try {
      items.push(toInputView(record));
    } catch {
      corrupt.push(record.inputId); // Its payload is no JSON any more.
    }
  }
  if (corrupt.length === 0) return { items, next: page.next };
  context.report({ level: "error", phrase: "inputs cannot be read", fields: { ref, inputIds: corrupt } });
  return { items, next: page.next, corrupt };
}

/** What was not found may have gone with its session. @throws session.not_found, session.destroyed, store.corrupt */
async function requireSession({ context }: UseCases, ref: SessionRef): Promise<SessionRecord> {
  const record = await getSession(context.store.directory, ref);
  assertConsistent(record);
  return record;
}

async function setSilentIntents(parts: UseCases, ref: SessionRef, silentIntents: readonly string[]): Promise<void> {
  const parsed = SessionSettings.shape.silentIntents.safeParse(silentIntents);
  if (!parsed.success) {
    throw new AppError("request.invalid", { message: "silent intents are a list of texts", cause: parsed.error });
  }
  const { settings } = await requireSession(parts, ref);
  await parts.context.store.directory.configure(ref, { ...settings, silentIntents: parsed.data });
}

function toInputView({ payload, ...record }: InputRecord): InputView {
  return { ...record, input: JSON.parse(payload) as Input };
}

/** Whether its admission was all there is to it. */
function isDone(admission: Admission): boolean {
  return admission.kind === "accepted" && admission.policy.consume === "on_accept";
}

/** Expects the outcome before the ledger can tell it, so that it cannot be missed. */
async function acceptAwaited(
  { ingress, completions }: UseCases,
  ref: SessionRef,
  { input, options }: { input: NewInput; options: AcceptOptions },
): Promise<AdmissionWithCompletion> {
  const prepared = ingress.prepare(ref, input);
  if (prepared.kind === "rejected") return { admission: prepared, completion: null };
  const expectation = completions.expect(ref, prepared.id);
  try {
    const admission = await ingress.admit(ref, prepared, { ...options, isAwaited: true });
    if (admission.kind === "accepted" && admission.status === "queued") {
      expectation.admitted();
      return { admission, completion: expectation.outcome };
    }
    expectation.cancel();
    if (admission.kind === "rejected" || isDone(admission)) return { admission, completion: null };
    const id = admission.kind === "accepted" ? admission.inputId : admission.existingId;
    return { admission, completion: completions.watch(ref, { inputId: id }).outcome };
  } catch (error) {
    expectation.cancel();
    throw error;
  }
}
