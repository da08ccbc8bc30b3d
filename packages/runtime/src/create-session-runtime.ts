/**
 * Puts the use cases together for one process: a sender, and a worker if it
 * hosts executors.
 */
import { bindUseCases, type UseCases } from "./bind-use-cases.ts";
import { Drains } from "./comms/drains.ts";
import { Completions } from "./completion/completions.ts";
import { InboxDrains } from "./delivery/drain-inbox.ts";
import { Followers } from "./events/followers.ts";
import { Ingress } from "./ingress/ingress.ts";
import { Waker } from "./ingress/waker.ts";
import { DirectRunner } from "./loop/direct-runner.ts";
import { SessionWorker } from "./loop/session-worker.ts";
import { IdleWake } from "./operation/idle-wake.ts";
import { createOperationUseCases, type OperationUseCases } from "./operation/operation-use-cases.ts";
import type { Executor } from "./ports/executor.ts";
import type { NodeMessage } from "./ports/notifier.ts";
import { Heartbeat } from "./presence/heartbeat.ts";
import { createOutputGate } from "./publish/output-gate.ts";
import { createTell } from "./publish/tell.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import type { SessionRuntime } from "./session-runtime.ts";
import { StreamReaders } from "./streams/stream-readers.ts";
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

/** Creates the runtime of a process. */
export function createSessionRuntime(context: RuntimeContext, executors: readonly Executor[]): RunningRuntime {
  const completions = new Completions(context);
  const followers = new Followers(context);
  const readers = new StreamReaders(context);
  const deliver = (message: NodeMessage) => {
    readers.heed(message);
    if (message.type === "stream.changed") return;
    receive(message, { completions, followers, waker, worker, drains, directRuns, operations });
  };
  const tell = createTell({ node: context.node, notifier: context.store.notifier, deliver });
  const publish = createOutputGate(tell);
  const waker: Waker = new Waker(context, () => worker);
  const idleWake = new IdleWake(context, () => ingress);
  const operations: OperationUseCases = createOperationUseCases(context, { publish, followers, idleWake, waker });
  const worker: SessionWorker | null =
    executors.length === 0 ? null : new SessionWorker({ context, executors, publish, waker, idleWake });
  const ingress: Ingress = new Ingress(context, { waker, publish, tell });
  const inboxes = new InboxDrains(context, ingress);
  const sweeper =
    worker === null ? null : new Sweeper({ context, worker, waker, publish, tell, inboxes, idleWake, ingress });
  const drains = new Drains({ context, tell, runtime: () => runtime });
  const control = { context, publish, waker, tell };
  const directRuns = new DirectRunner({ context, ingress, waker, publish, idleWake });
  const parts: UseCases = {
    context,
    completions,
    followers,
    readers,
    ingress,
    control,
    drains,
    inboxes,
    directRuns,
    operations,
  };
  const runtime: SessionRuntime = bindUseCases(parts);
  return {
    runtime,
    worker,
    sweeper,
    ...lifecycle({ ...parts, worker, sweeper, executors, deliver }),
  };
}

/** What a notification means in this process. */
function receive(
  message: Exclude<NodeMessage, { type: "stream.changed" }>,
  parts: Pick<UseCases, "completions" | "followers" | "drains" | "directRuns" | "operations"> & {
    readonly waker: Waker;
    readonly worker: SessionWorker | null;
  },
): void {
  const { completions, followers, waker, worker, drains, directRuns, operations } = parts;
  switch (message.type) {
    case "session.due":
      // Without room here, whoever told of it turns to the queue.
      worker?.hear(message.ref, message.executor);
      break;
    case "run.abort":
      worker?.abort(message.ref, message.runId, message.reason);
      directRuns.abort(message.ref, message.runId, message.reason);
      break;
    case "run.attend":
      worker?.nudge(message.ref);
      break;
    case "input.settled":
      waker.settled(message.ref, message.inputId);
      completions.settled(message.ref, message.inputId, message.outcome);
      break;
    case "operation.ended":
    case "operation.wait_over":
      operations.deliver(message);
      break;
    case "session.changed":
      followers.changed(message.ref);
      break;
    case "drain.abort":
      void drains.abortHere(message.ref);
      break;
  }
}

function lifecycle(
  parts: UseCases & {
    readonly worker: SessionWorker | null;
    readonly sweeper: Sweeper | null;
    readonly executors: readonly Executor[];
    readonly deliver: (message: NodeMessage) => void;
  },
): Pick<RunningRuntime, "start" | "stop"> {
  const {
    context,
    completions,
    followers,
    readers,
    control,
    drains,
    directRuns,
    operations,
    worker,
    sweeper,
    executors,
    deliver,
  } = parts;
  const heartbeat = worker === null ? null : new Heartbeat(context, executors);
  return {
    start: async () => {
      await context.store.notifier.subscribe(context.node, {
        onMessage: deliver,
        onGap: () => {
          completions.recheckAll();
          followers.changedAll();
          readers.changedAll();
          operations.recheckAll();
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
      await drains.close();
      await sweeper?.stop();
      await heartbeat?.stop();
      await Promise.all([worker?.close(graceMs), directRuns.close(graceMs)]);
      await lastWake;
      control.waker.close();
      completions.close();
      operations.close();
    },
  };
}
