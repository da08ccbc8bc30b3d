/** Removes the operations of an ended life of a registry, and tells whoever waits for them. */
import { type OperationId, SCRIPT_BATCH } from "@holdfast/contracts";
import type { ChoresReply } from "@holdfast/runtime";
import type { OperationsChore, ResumeChore, StripChore } from "../session/chore.ts";
import type { Work } from "../session/work.ts";
import { lookLater, resumeRuns } from "./awaiting-runs.ts";
import { stripLapsed } from "./move-operation.ts";
import type { OperationData } from "./registry-data.ts";
import { dropIdleOwners, lifeOf, openRegistry } from "./registry-work.ts";

/** What chores have to tell of operations. */
export type EndedInChores = { -readonly [K in keyof Pick<ChoresReply, "ended" | "endedWait">]: ChoresReply[K] };

/** Nothing to tell yet. */
export function newTold(): EndedInChores {
  return { ended: [], endedWait: null };
}

/** One bounded step; answers whether nothing is left. */
export function stepOperations(work: Work, chore: OperationsChore, told: EndedInChores): boolean {
  if (chore.slots > 0) endActive(work, chore, told);
  else removeCompletions(work, chore);
  const isDone = chore.slots === 0 && chore.from > chore.to;
  if (isDone) {
    told.endedWait = chore.wait;
    work.session.lives.delete(chore.life);
  }
  return isDone;
}

function endActive(work: Work, chore: OperationsChore, told: EndedInChores): void {
  const { active, operations } = lifeOf(work, chore.life);
  const ids = active.splice(Math.max(chore.slots - SCRIPT_BATCH, 0)).reverse();
  told.ended = ids.map((operationId) => ({ operationId, nodes: nodesOf(operations.get(operationId)) }));
  for (const operationId of ids) operations.delete(operationId);
  chore.slots = active.length;
}

function nodesOf(operation: OperationData | undefined) {
  return operation?.watchers.map(({ node }) => node) ?? [];
}

function removeCompletions(work: Work, chore: OperationsChore): void {
  const { operations, kept, completions } = lifeOf(work, chore.life);
  const till = Math.min(chore.to, chore.from + SCRIPT_BATCH - 1);
  for (let seq = chore.from; seq <= till; seq += 1) {
    operations.delete(kept.get(seq) as OperationId);
    kept.delete(seq);
    completions.delete(seq);
  }
  chore.from = till + 1;
}

/** Processes of operations may be gone: a chore looks. */
export function beginLook(work: Work): void {
  const { session } = work;
  const { registry, life } = openRegistry(work);
  session.lookAt = 0;
  const slots = life.active.length;
  session.chores.push({ kind: "strip", generation: session.generation, life: registry.life, slots });
}

/** Strips a batch of what is left behind; answers whether nothing is left to look at. */
export function stepStrip(work: Work, chore: StripChore, told: EndedInChores): boolean {
  const step = openRegistry(work, true);
  if (step.registry.life !== chore.life) return true;
  chore.slots = stripLapsed(step, chore.slots);
  dropIdleOwners(step);
  told.ended = step.ended;
  told.endedWait = step.satisfied;
  if (chore.slots === 0) lookLater(work);
  return chore.slots === 0;
}

/** Resumes a batch of runs; answers whether none is left. */
export function stepResume(work: Work, chore: ResumeChore): boolean {
  chore.runIds = resumeRuns({ work, looked: 0, isResumed: false }, chore.runIds, chore).rest;
  return chore.runIds.length === 0;
}
