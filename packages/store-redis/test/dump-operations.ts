/** The registry of background operations as it is stored, in the terms of a `SessionImage`. */
import { COMPLETION, decodeRow, OPERATION, REGISTRY } from "../src/layout/rows.ts";

type Fields = ReadonlyMap<string, Buffer>;
type Entries<T> = [string, T][];

/** The registry and its lives; a row that disagrees with another is an error. */
export function dumpOperations(fields: Fields): { readonly registry: unknown; readonly lives: unknown } {
  const registry = dumpRegistry(fields);
  const numbers = new Set([...fields.keys()].flatMap((name) => /^b(\d+)\./.exec(name)?.[1] ?? []));
  const lives = [...numbers].map((life): [string, unknown] => [life, dumpLife(fields, life)]);
  return { registry, lives: Object.fromEntries(lives.sort(byName)) };
}

function byName([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : 1;
}

function dumpRegistry(fields: Fields): unknown {
  const raw = fields.get("bh");
  if (raw === undefined) return null;
  const row = decodeRow(REGISTRY, raw);
  const { agentApplied, runtimeObserved, runtimeLastInjected, waitId, waitNode, waitUntil, waitTotal, ...rest } = row;
  const { active, owners, epochId, waitSeen, waitLeft, ...counters } = rest;
  const slots = [...fields.keys()].filter((name) => name.startsWith(`b${row.life}.a`)).length;
  if (slots !== active) throw new Error(`${slots} operations have a slot, the registry counts ${active}`);
  return {
    ...counters,
    epochId: epochId === "" ? null : epochId,
    cursors: { agentApplied, runtimeObserved, runtimeLastInjected },
    owners: list(owners).map((entry) => {
      const [node, until, count] = entry.split(":");
      return { node, until: Number(until), count: Number(count) };
    }),
    wait:
      waitId === ""
        ? null
        : { waitId, node: waitNode, until: waitUntil, total: waitTotal, seen: waitSeen, left: waitLeft },
  };
}

function list(value: string): string[] {
  return value === "" ? [] : value.split(",");
}

function dumpLife(fields: Fields, life: string) {
  const active = named(fields, `b${life}.a`, String);
  return {
    operations: Object.fromEntries(named(fields, `b${life}.o`, (raw) => raw).map(dumpOperation)),
    active: active.sort(([one], [other]) => Number(one) - Number(other)).map(([, operationId]) => operationId),
    kept: Object.fromEntries(named(fields, `b${life}.c`, String)),
    completions: Object.fromEntries(named(fields, `b${life}.f`, (raw) => decodeRow(COMPLETION, raw))),
  };
}

function dumpOperation([operationId, raw]: [string, Buffer]): [string, unknown] {
  const {
    slot: _follows,
    watchers,
    requests,
    waitId,
    childSessionId,
    peerHandle,
    runs,
    ...row
  } = decodeRow(OPERATION, raw);
  const operation = {
    operationId,
    ...row,
    childSessionId: childSessionId === "" ? null : childSessionId,
    peerHandle: peerHandle === "" ? null : peerHandle,
    waitId: waitId === "" ? null : waitId,
    runs: list(runs),
    requests: list(requests).map((request) => Buffer.from(request, "base64url").toString("utf8")),
    watchers: list(watchers).map((entry) => {
      const [node, count] = entry.split(":");
      return { node, count: Number(count) };
    }),
  };
  return [operationId, operation];
}

function named<T>(fields: Fields, prefix: string, render: (raw: Buffer) => T): Entries<T> {
  const entries = [...fields].filter(([name]) => name.startsWith(prefix));
  return entries.map(([name, raw]): [string, T] => [name.slice(prefix.length), render(raw)]).sort(byName);
}
