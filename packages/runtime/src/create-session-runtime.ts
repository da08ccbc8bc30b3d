/**
 * Puts the use cases together for one process: a sender, and a worker if it
 * hosts executors.
 */
import {
  AppError,
  type Binding,
  type ControlReport,
  type EventEnvelope,
  type Input,
  type InputId,
  type NewInput,
  type Outcome,
  type SessionRef,
  type SessionSettings,
} from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import { Completions } from "./completion/completions.ts";
import { applyVerb, type ControlParts, interruptRun } from "./control/control-plane.ts";
import { Followers, toEnvelope } from "./events/followers.ts";
import { explain } from "./explain/explain.ts";
import { Ingress } from "./ingress/ingress.ts";
import { Waker } from "./ingress/waker.ts";
import { SessionWorker } from "./loop/session-worker.ts";
import type { InputRecord } from "./ports/archive.ts";
import type { Executor } from "./ports/executor.ts";
import type { NodeMessage } from "./ports/notifier.ts";
import type { Page } from "./ports/page.ts";
import { Heartbeat } from "./presence/heartbeat.ts";
import { createOutputGate, type OutputGate } from "./publish/output-gate.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { toSessionView } from "./session/session-view.ts";
import type {
  AcceptOptions,
  AdmissionWithCompletion,
  InputTarget,
  InputView,
  SessionRuntime,
  SessionView,
  WaitOptions,
} from "./session-runtime.ts";
import { Sweeper } from "./sweep/sweeper.ts";

/** A runtime in a process, and how to end it. */
export interface RunningRuntime {
  readonly runtime: SessionRuntime;
  /** The worker of this process; `null` when it hosts no executor. */
  readonly worker: SessionWorker | null;
  /** Looks for overdue sessions; `null` without a worker. */
  readonly sweeper: Sweeper | null;
  /** Listens, announces, sweeps. Until then nothing is run here. */
  start(): Promise<void>;
  /** Ends what this process does; the store and the queue stay open. */
  stop(options: { readonly graceMs: number }): Promise<void>;
}

interface Parts {
  readonly context: RuntimeContext;
  readonly completions: Completions;
  readonly followers: Followers;
  readonly ingress: Ingress;
  readonly control: ControlParts;
}

/** Creates the runtime of a process. */
export function createSessionRuntime(context: RuntimeContext, executors: readonly Executor[]): RunningRuntime {
  const completions = new Completions(context);
  const followers = new Followers(context);
  const deliver = (message: NodeMessage) => receive(message, { completions, followers, waker, worker });
  const publish = createOutputGate({ node: context.node, notifier: context.store.notifier, deliver });
  const waker: Waker = new Waker(context, () => worker);
  const worker: SessionWorker | null =
    executors.length === 0 ? null : new SessionWorker({ context, executors, publish, waker });
  const sweeper = worker === null ? null : new Sweeper({ context, worker, waker, publish });
  const ingress = new Ingress(context, { waker, publish });
  const parts: Parts = { context, completions, followers, ingress, control: { context, publish, waker, deliver } };
  return {
    runtime: toSessionRuntime(parts),
    worker,
    sweeper,
    ...lifecycle({ ...parts, worker, sweeper, executors, publish, deliver }),
  };
}

/** What a notification means in this process. */
function receive(
  message: NodeMessage,
  parts: Pick<Parts, "completions" | "followers"> & { readonly waker: Waker; readonly worker: SessionWorker | null },
): void {
  const { completions, followers, waker, worker } = parts;
  switch (message.type) {
    case "session.due":
      // Without room here, whoever told of it turns to the queue.
      worker?.attend(message.ref);
      break;
    case "run.abort":
      worker?.abort(message.ref, message.runId, message.reason);
      break;
    case "run.attend":
      // A run that reads its inbox looks at its next safe point by itself.
      break;
    case "input.settled":
      waker.settled(message.ref, message.inputId);
      completions.settled(message.ref, message.inputId, message.outcome);
      break;
    case "session.changed":
      followers.changed(message.ref);
      break;
  }
}

function lifecycle(
  parts: Parts & {
    readonly worker: SessionWorker | null;
    readonly sweeper: Sweeper | null;
    readonly executors: readonly Executor[];
    readonly publish: OutputGate;
    readonly deliver: (message: NodeMessage) => void;
  },
): Pick<RunningRuntime, "start" | "stop"> {
  const { context, completions, followers, control, worker, sweeper, executors, deliver } = parts;
  const heartbeat = worker === null ? null : new Heartbeat(context, executors);
  return {
    start: async () => {
      await context.store.notifier.subscribe(context.node, {
        onMessage: deliver,
        onGap: () => {
          completions.recheckAll();
          followers.changedAll();
        },
      });
      if (worker === null) return;
      worker.start();
      await heartbeat?.start();
      await context.wakeQueue.consume({
        executors: executors.map(({ name }) => name),
        concurrency: context.loop.concurrency,
        handler: (ref) => worker.take(ref),
      });
      sweeper?.start();
    },
    stop: async ({ graceMs }) => {
      // A wake that a closing worker takes is a wake that costs its session a sweep.
      const lastWake = context.wakeQueue.stopConsuming();
      await sweeper?.stop();
      await heartbeat?.stop();
      await worker?.close(graceMs);
      await lastWake;
      control.waker.close();
      completions.close();
    },
  };
}

function toSessionRuntime(parts: Parts): SessionRuntime {
  const { context, ingress, followers, control } = parts;
  const { archive, directory, presence } = context.store;
  const page = async <T, U>(ref: SessionRef, load: () => Promise<Page<T>>, view: (item: T) => U): Promise<Page<U>> => {
    const { items, next } = await load();
    // Only an empty page can mean that there is no session.
    if (items.length === 0) await requireSession(parts, ref);
    return { items: items.map(view), next };
  };
  return {
    registerSession: (ref, options = {}) => register(parts, ref, { binding: null, ...options }),
    ensureSessionWithExecutor: (ref, binding, options = {}) => register(parts, ref, { binding, ...options }),
    acceptInput: (ref, input, options = {}) => {
      return asPromise(() => ingress.admit(ref, ingress.prepare(ref, input), { ...options, isAwaited: false }));
    },
    acceptInputWithCompletion: (ref, input, options = {}) =>
      asPromise(() => acceptAwaited(parts, ref, { input, options })),
    waitForOutcome: (ref, target, options = {}) => waitForOutcome(parts, ref, { target, options }),
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
      const record = await archive.findInput(ref, idOf(parts, ref, target));
      if (record === null) await requireSession(parts, ref);
      return record === null ? null : toInputView(record);
    },
    listInputs: (ref, query) => page(ref, () => archive.listInputs(ref, query), toInputView),
    listDeadLetters: (ref, query) => page(ref, () => archive.listDeadLetters(ref, query), toInputView),
    loadBoundaryReceipt: (ref, boundary) => archive.findReceipt(ref, boundary),
    listReceipts: (ref, query) =>
      page(
        ref,
        () => archive.listReceipts(ref, query),
        (receipt) => receipt,
      ),
    listEvents: (ref, query) =>
      page(
        ref,
        () => archive.listEvents(ref, query),
        (event) => toEnvelope(ref, event),
      ),
    followEvents: (ref, options): AsyncIterable<EventEnvelope> => followers.follow(ref, options),
    explain: async (ref) => {
      const facts = await archive.explainFacts(ref);
      if (facts === null) throw new AppError("session.not_found");
      return explain(facts);
    },
    control: (ref, command): Promise<ControlReport> => applyVerb(control, ref, command),
    interruptCurrentRun: (ref, command): Promise<ControlReport> => interruptRun(control, ref, command),
    listWorkers: () => presence.list(),
    ping: () => context.store.ping(),
  };
}

/** A method that throws before its first await rejects like any other. */
async function asPromise<T>(call: () => Promise<T>): Promise<T> {
  return call();
}

async function requireSession({ context }: Parts, ref: SessionRef): Promise<void> {
  if ((await context.store.directory.find(ref)) === null) throw new AppError("session.not_found");
}

async function register(
  { context }: Parts,
  ref: SessionRef,
  options: { readonly binding: Binding | null; readonly settings?: SessionSettings },
): Promise<SessionView> {
  const { binding, settings = null } = options;
  const reply = await context.store.directory.register({ ref, binding, settings, mayRevive: true });
  if (reply.kind === "refused" && isFinalPhase(reply.phase)) throw new AppError("session.destroyed");
  const record = await context.store.directory.find(ref);
  if (record === null) throw new AppError("session.not_found");
  const view = toSessionView(record);
  if (reply.kind !== "refused") return view;
  throw new AppError("control.refused", {
    message: `the session is ${reply.phase} and cannot be registered`,
    details: { phase: reply.phase, legalVerbs: view.legalVerbs },
  });
}

function toInputView({ payload, ...record }: InputRecord): InputView {
  return { ...record, input: JSON.parse(payload) as Input };
}

function idOf({ ingress }: Parts, ref: SessionRef, target: InputTarget): InputId {
  return "inputId" in target ? target.inputId : ingress.idOfKey(ref, target.key);
}

/** Expects the outcome before the ledger can tell it, so that it cannot be missed. */
async function acceptAwaited(
  parts: Parts,
  ref: SessionRef,
  { input, options }: { input: NewInput; options: AcceptOptions },
): Promise<AdmissionWithCompletion> {
  const { ingress, completions } = parts;
  const prepared = ingress.prepare(ref, input);
  const expectation = completions.expect(ref, prepared.id);
  try {
    const admission = await ingress.admit(ref, prepared, { ...options, isAwaited: true });
    if (admission.kind === "accepted" && admission.status === "queued") {
      expectation.admitted();
      return { admission, completion: expectation.outcome };
    }
    expectation.cancel();
    if (admission.kind === "rejected") return { admission, completion: null };
    const id = admission.kind === "accepted" ? admission.inputId : admission.existingId;
    return { admission, completion: completions.watch(ref, id).outcome };
  } catch (error) {
    expectation.cancel();
    throw error;
  }
}

async function waitForOutcome(
  parts: Parts,
  ref: SessionRef,
  { target, options }: { target: InputTarget; options: WaitOptions },
): Promise<Outcome> {
  const expectation = parts.completions.watch(ref, idOf(parts, ref, target));
  const limit = limitOf(parts.context, options);
  try {
    return await Promise.race([expectation.outcome, limit.reached]);
  } finally {
    expectation.cancel();
    limit.cancel();
  }
}

/** What ends a wait before its outcome: the time, the caller. */
function limitOf({ clock }: RuntimeContext, { timeoutMs, signal }: WaitOptions) {
  let cancelTimer = (): void => {};
  let abort = (): void => {};
  const reached = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal?.reason as Error);
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    if (timeoutMs === undefined) return;
    cancelTimer = clock.after(timeoutMs, () => reject(new AppError("wait.timeout", { details: { timeoutMs } })));
  });
  reached.catch(() => {});
  return {
    reached,
    cancel: () => {
      cancelTimer();
      signal?.removeEventListener("abort", abort);
    },
  };
}
