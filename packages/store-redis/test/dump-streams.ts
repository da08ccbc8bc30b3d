/** The streams of a session as they are stored, in the terms of a `SessionImage`. */
import { decodeRow, STREAM, STREAMS } from "../src/layout/rows.ts";

type Fields = ReadonlyMap<string, Buffer>;

/** Which streams are kept, where they stand, and every part. */
export function dumpStreams(fields: Fields) {
  const row = fields.get("streams");
  const stored = [...fields].sort(([one], [other]) => (one < other ? -1 : 1));
  const places: [string, string][] = [];
  const byRun: [string, { readonly parts: Readonly<Record<string, string>> }][] = [];
  for (const [name, value] of stored) {
    if (/^l\d+$/.test(name)) places.push([name.slice(1), value.toString("utf8")]);
    if (!name.startsWith("lrun_")) continue;
    const stream = decodeRow(STREAM, value);
    byRun.push([name.slice(1), { ...stream, parts: partsOf(stored, stream.number) }]);
  }
  const parts = stored.filter(([name]) => /^l\d+\./.test(name)).length;
  const owned = byRun.reduce((sum, [, { parts: own }]) => sum + Object.keys(own).length, 0);
  if (parts !== owned) throw new Error(`the session has ${parts} parts of streams, and ${owned} belong to one`);
  return {
    ...(row === undefined ? { front: 0, back: 0, bytes: 0 } : decodeRow(STREAMS, row)),
    places: Object.fromEntries(places),
    byRun: Object.fromEntries(byRun),
  };
}

function partsOf(stored: readonly (readonly [string, Buffer])[], number: number): Record<string, string> {
  const prefix = `l${number}.`;
  const own = stored.filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, part]) => [name.slice(prefix.length), part.toString("utf8")]));
}
