import { HEARTBEAT_MS, type Presence, type UnhostedSession, type WorkerRecord } from "@holdfast/runtime";
import type { SessionData } from "../session/session-data.ts";
import type { MemoryContext } from "../session/work.ts";

/** Presence in process; workers that were not seen for three heartbeats are left out and removed (P1). */
export function createMemoryPresence(context: MemoryContext): Presence {
  return {
    announce: async (worker) => {
      context.data().workers.set(worker.node, { ...worker, seenAt: context.now() });
    },
    adopt: async (executor, limit) => adopt(context, executor, limit),
    listUnhosted: async (limit) => listUnhosted(context, limit),
    leave: async (node) => {
      context.data().workers.delete(node);
    },
    list: async () => listWorkers(context),
  };
}

/** Makes sessions due that wait for an executor, because somebody announced it (P2). */
function adopt(context: MemoryContext, executor: string, limit: number): number {
  const data = context.data();
  const members = data.unhosted.get(executor)?.splice(0, limit) ?? [];
  for (const member of members) data.due.set(member, context.now());
  return members.length;
}

function listUnhosted(context: MemoryContext, limit: number): readonly UnhostedSession[] {
  const { sessions, unhosted } = context.data();
  const waiting = [...unhosted].flatMap(([executor, members]) => members.map((member) => ({ executor, member })));
  return waiting
    .slice(0, limit)
    .map(({ executor, member }) => ({ ref: (sessions.get(member) as SessionData).ref, executor }));
}

function listWorkers(context: MemoryContext): readonly WorkerRecord[] {
  const { workers } = context.data();
  const oldest = context.now() - 3 * HEARTBEAT_MS;
  for (const { node, seenAt } of workers.values()) {
    if (seenAt < oldest) workers.delete(node);
  }
  return [...workers.values()].sort((one, other) => one.startedAt - other.startedAt);
}
