import type { SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { AdvanceReply, StagedBatch, Store } from "@holdfast/runtime";
import {
  admitCommand,
  advanceCommand,
  binding,
  completed,
  EXECUTOR,
  offerOf,
  type Worker,
  worker,
} from "../fixtures/commands.ts";
import { createIds, type IdSource, nodeId } from "../fixtures/ids.ts";

/** A store whose time the drain may move. */
export interface DrainedStore {
  readonly store: Store;
  now(): number;
  advanceTime(ms: number): Promise<void>;
}

const MOST_STEPS = 2_000;

/**
 * Brings a session to rest as a sound worker would: binds it, settles its
 * chores, waits for leases and times, and completes whatever is staged.
 *
 * @throws when that does not end: the session is stranded
 */
export async function drainSession(drained: DrainedStore, ref: SessionRef): Promise<void> {
  const drain: Drain = { ...drained, ref, ids: newIds(), worker: worker("drain", { executors: [EXECUTOR] }) };
  for (let step = 0; step < MOST_STEPS; step += 1) if (await isAtRest(drain)) return;
  throw new Error(`session ${ref.sessionId} does not come to rest`);
}

interface Drain extends DrainedStore {
  readonly ref: SessionRef;
  readonly ids: IdSource;
  readonly worker: Worker;
}

/** Ids that no life before the drain has used. */
function newIds(): IdSource {
  const ids = createIds();
  const last = <T extends string>(id: T) => `${id}_drain` as T;
  return {
    input: () => last(ids.input()),
    run: () => last(ids.run()),
    claim: () => last(ids.claim()),
    request: () => last(ids.request()),
  };
}

async function isAtRest(drain: Drain): Promise<boolean> {
  const { store, ref } = drain;
  const phase = (await store.directory.find(ref))?.phase;
  if (phase === "draining") return remove(drain);
  if (!(await isBound(drain))) return true;
  return takeUp(drain);
}

async function takeUp(drain: Drain): Promise<boolean> {
  const { store, ref } = drain;
  const { node } = drain.worker;
  const offer = offerOf(drain.worker, drain.ids);
  const reply = await store.ledger.claim({ ref, claimId: drain.ids.claim(), node, cachedDigest: null, offer });
  switch (reply.kind) {
    case "staged":
      await complete(drain, reply.batch);
      return false;
    case "chores":
      await store.ledger.settleChores(ref);
      return false;
    case "busy":
      return waitUntil(drain, reply.leaseUntil);
    case "idle":
      if (reply.isOwing) return tell(drain);
      return reply.dueAt === null ? isDrained(drain) : waitUntil(drain, reply.dueAt);
    case "missing":
    case "not_hosted":
    case "undecided":
    case "torn":
      throw new Error(`a claim was answered with ${reply.kind}`);
  }
}

/** Tells the session of detached work that has ended. */
async function tell({ store, ref, ids }: Drain): Promise<false> {
  const [record, registry] = [await store.directory.find(ref), await store.operationArchive.findRegistry(ref)];
  const input = { kind: "continuation", reason: "operations_ended", source: { type: "system" } } as const;
  const options = { input, settingsRevision: record?.settingsRevision ?? 0, toldThrough: registry?.watermark ?? 0 };
  await store.ledger.admit(admitCommand(ref, ids, options));
  return false;
}

/** Finishes an unregistration that somebody left behind. */
async function remove({ store, ref }: Drain): Promise<boolean> {
  for (const obligation of ["loop", "drain", "waiters"] as const) {
    while ((await store.unregistration.close({ ref, obligation, by: "force" })).kind === "chores") {
      await store.ledger.settleChores(ref);
    }
  }
  return (await store.unregistration.commit(ref)).kind === "removed";
}

/** Whether the session is there, bound to an executor of the drain. */
async function isBound({ store, ref }: Drain): Promise<boolean> {
  const record = await store.directory.find(ref);
  if (record === null || isFinalPhase(record.phase)) return false;
  if (record.binding?.executor !== EXECUTOR || record.binding.versions !== undefined) {
    await store.directory.register({ ref, binding: binding(), settings: null, mayRevive: true });
  }
  return true;
}

async function waitUntil(drain: Drain, at: number): Promise<false> {
  await drain.advanceTime(Math.max(1, at - drain.now()));
  return false;
}

/** Silent inputs wait for another one's wake. */
async function isDrained({ store, ref, ids }: Drain): Promise<boolean> {
  if (await resumeSuspended({ store, ref, ids })) return false;
  const record = await store.directory.find(ref);
  if (record === null || record.queued + record.scheduled === 0) return true;
  if (record.phase === "retired") await store.control.apply({ ref, verb: "recycle", requestId: ids.request() });
  await store.ledger.admit(admitCommand(ref, ids, { settingsRevision: record.settingsRevision }));
  return false;
}

/** Answers every suspended run; whether there was one. */
async function resumeSuspended({ store, ref, ids }: Pick<Drain, "store" | "ref" | "ids">): Promise<boolean> {
  const { items } = await store.archive.listInputs(ref, { after: 0, limit: 500 });
  const runs = new Set(items.flatMap(({ status, runId }) => (status === "applied_pending" && runId ? [runId] : [])));
  for (const runId of runs) {
    await store.control.resume({ ref, runId, requestId: ids.request(), value: "null" });
  }
  return runs.size > 0;
}

async function complete({ store, ref, ids, worker: by }: Drain, staged: StagedBatch): Promise<void> {
  let batch: StagedBatch | null = staged;
  while (batch !== null) {
    const next = offerOf(by, ids);
    const command = advanceCommand(ref, batch, { node: nodeId("drain"), settlement: completed(), next });
    const reply: AdvanceReply = await store.ledger.advance(command);
    if (reply.kind !== "committed") throw new Error(`a sound settlement was answered with ${reply.kind}`);
    batch = reply.next.kind === "staged" ? reply.next.batch : null;
  }
}
