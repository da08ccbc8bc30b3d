import type { CompletionPage, OperationId, OperationSnapshot, SessionRef } from "@holdfast/contracts";
import type { EndedOperation, OperationArchive, RegistryRecord } from "@holdfast/runtime";
import { readTogether } from "../connection/exec-pipeline.ts";
import type { ScriptRunner } from "../connection/script-runner.ts";
import { millisOf } from "../connection/server-time.ts";
import { FIELD } from "../layout/fields.ts";
import type { Keyspace } from "../layout/keys.ts";
import { COMPLETION, decodeRow, OPERATION, REGISTRY, type Row } from "../layout/rows.ts";
import { toCompletion, toSnapshot } from "./decode-operation.ts";

interface OperationArchiveOptions {
  readonly scripts: Pick<ScriptRunner, "read">;
  readonly keys: Keyspace;
}

type Registry = Row<typeof REGISTRY>;
type Operation = Row<typeof OPERATION>;

/** Fields asked for at once, and how often a list is read again while it changes. */
const SLICE = 500;
const MAX_LOOKS = 5;
/** Longest page of the feed, whatever is asked. */
const MAX_PAGE = 500;

/** Reads of the registry on Redis. */
export function createRedisOperationArchive(options: OperationArchiveOptions): OperationArchive {
  return {
    findRegistry: (ref) => findRegistry(options, ref),
    find: (ref, operationId) => find(options, ref, operationId),
    list: async (ref) => {
      const found = await readAll(options, ref);
      return found.sort((one, other) => one.number - other.number).map(({ operation }) => operation);
    },
    listEnded: async (ref) => {
      const found = await readAll(options, ref);
      return found.filter(({ seq }) => seq > 0).sort((one, other) => one.seq - other.seq);
    },
    listCompletions: (ref, query) => listCompletions(options, ref, query),
  };
}

/** Fields of a session in slices, and the store's time. */
async function readFields(options: OperationArchiveOptions, ref: SessionRef, fields: readonly string[]) {
  const { session } = options.keys.session(ref);
  const rows: (Buffer | null)[] = [];
  for (let from = 0; from < fields.length; from += SLICE) {
    const slice = fields.slice(from, from + SLICE);
    rows.push(...(await options.scripts.read((client) => client.hmgetBuffer(session, ...slice))));
  }
  return rows;
}

async function readRegistry(options: OperationArchiveOptions, ref: SessionRef): Promise<Registry | null> {
  const [row] = await readFields(options, ref, [FIELD.registry]);
  return row ? decodeRow(REGISTRY, row) : null;
}

async function findRegistry(options: OperationArchiveOptions, ref: SessionRef): Promise<RegistryRecord | null> {
  const registry = await readRegistry(options, ref);
  if (registry === null || registry.epochId === "") return null;
  const { epochId, active, watermark, tellings, agentApplied, runtimeObserved, runtimeLastInjected } = registry;
  return {
    epochId: epochId as RegistryRecord["epochId"],
    active,
    watermark,
    tellings,
    cursors: { agentApplied, runtimeObserved, runtimeLastInjected },
  };
}

async function storeTime({ scripts }: OperationArchiveOptions): Promise<number> {
  return millisOf(await scripts.read((client) => client.time()));
}

async function find(options: OperationArchiveOptions, ref: SessionRef, operationId: OperationId) {
  const registry = await readRegistry(options, ref);
  if (registry === null) return null;
  const found = await readOperations(options, ref, { life: registry.life, ids: [operationId] });
  return found[0]?.operation ?? null;
}

interface FoundOperation extends EndedOperation {
  readonly number: number;
}

async function readOperations(
  options: OperationArchiveOptions,
  ref: SessionRef,
  { life, ids }: { readonly life: number; readonly ids: readonly string[] },
): Promise<FoundOperation[]> {
  if (ids.length === 0) return [];
  const [now, rows] = await Promise.all([
    storeTime(options),
    readFields(
      options,
      ref,
      ids.map((id) => FIELD.operation(life, id)),
    ),
  ]);
  const operations = rows.map((row) => (row === null ? null : decodeRow(OPERATION, row)));
  const seqs = operations.map((operation) => operation?.seq ?? 0);
  const completions = await readFields(
    options,
    ref,
    seqs.map((seq) => FIELD.completion(life, seq)),
  );
  return ids.flatMap((id, index) => {
    const operation = operations[index];
    const completion = completions[index];
    // What is gone by now had ended, and was evicted between the two readings.
    if (operation == null || (operation.seq > 0 && !completion)) return [];
    const outcome = completion ? decodeRow(COMPLETION, completion).outcome : "";
    return [found(operation, toSnapshot(operation, { operationId: id as OperationId, outcome, now }))];
  });
}

function found(row: Operation, operation: OperationSnapshot): FoundOperation {
  return { seq: row.seq, number: row.number, operation };
}

/** Everything that is in progress or kept: read again while the registry changes under the reading. */
async function readAll(options: OperationArchiveOptions, ref: SessionRef): Promise<FoundOperation[]> {
  let registry = await readRegistry(options, ref);
  for (let look = 1; registry !== null; look += 1) {
    const before: Registry = registry;
    const ids = await readIds(options, ref, before);
    const all = await readOperations(options, ref, { life: before.life, ids: [...new Set(ids)] });
    registry = await readRegistry(options, ref);
    if (look === MAX_LOOKS || (registry !== null && isSameMoment(before, registry))) return all;
  }
  return [];
}

async function readIds(options: OperationArchiveOptions, ref: SessionRef, registry: Registry): Promise<string[]> {
  const { life, active, watermark, evictFrom, passedFrom } = registry;
  const slots = Array.from({ length: active }, (_, index) => FIELD.activeOperation(life, index + 1));
  const first = passedFrom > 0 ? passedFrom : evictFrom;
  const kept = Array.from({ length: Math.max(0, watermark - first + 1) }, (_, index) =>
    FIELD.keptOperation(life, first + index),
  );
  const rows = await readFields(options, ref, [...slots, ...kept]);
  return rows.flatMap((row) => (row === null ? [] : [row.toString()]));
}

function isSameMoment(one: Registry, other: Registry): boolean {
  const same = ["life", "active", "registered", "watermark", "retained", "evictFrom"] as const;
  return same.every((column) => one[column] === other[column]);
}

async function listCompletions(
  options: OperationArchiveOptions,
  ref: SessionRef,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<CompletionPage> {
  const count = Math.max(0, Math.min(limit, MAX_PAGE));
  let life = (await readRegistry(options, ref))?.life ?? 0;
  for (;;) {
    const seqs = Array.from({ length: count }, (_, index) => after + 1 + index);
    const [registry, rows] = await readMoment(
      options,
      ref,
      seqs.map((seq) => FIELD.completion(life, seq)),
    );
    if (registry === null) return { entries: [], watermark: 0, droppedThrough: 0 };
    if (registry.life === life) return pageOf(registry, seqs, rows);
    life = registry.life;
  }
}

/** The registry and some fields, of one moment. */
async function readMoment(
  { scripts, keys }: OperationArchiveOptions,
  ref: SessionRef,
  fields: readonly string[],
): Promise<[Registry | null, readonly (Buffer | null)[]]> {
  const { session } = keys.session(ref);
  const answers: unknown = await scripts.read((client) =>
    readTogether(client, (chain) => chain.hmgetBuffer(session, FIELD.registry, ...fields)),
  );
  const [[row, ...rows]] = answers as [(Buffer | null)[]];
  return [row ? decodeRow(REGISTRY, row) : null, rows];
}

function pageOf(registry: Registry, seqs: readonly number[], rows: readonly (Buffer | null)[]): CompletionPage {
  const { watermark, droppedThrough } = registry;
  const entries = seqs.flatMap((seq, index) => {
    const row = rows[index];
    // What was dropped may still be stored for an operation that is kept.
    if (row == null || seq <= droppedThrough || seq > watermark) return [];
    return [toCompletion(seq, decodeRow(COMPLETION, row))];
  });
  return { entries, watermark, droppedThrough };
}
