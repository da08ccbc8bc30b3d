/** What callers keep with a session, as it is stored, in the terms of a `SessionImage`. */
import { decodeLabels } from "../src/layout/labels.ts";
import { DRAIN, decodeRow } from "../src/layout/rows.ts";

type Fields = ReadonlyMap<string, Buffer>;

/** Labels, events of callers, schedules and the slot of the drain. */
export function dumpCallers(fields: Fields) {
  const text = (name: string) => fields.get(name)?.toString("utf8") ?? "";
  const [, version = "0", rows = ""] = /^(\d+)\|(.*)$/s.exec(text("schedules")) ?? [];
  return {
    labels: decodeLabels(text("labels")),
    published: dumpPublished(fields),
    schedules: { version: Number(version), rows },
    drain: dumpDrain(fields.get("drain")),
  };
}

function dumpPublished(fields: Fields) {
  const entries = [...fields].filter(([name]) => name.startsWith("n"));
  return Object.fromEntries(
    entries.map(([name, row]) => {
      const [, cursor, digest] = /^(\d+) (.*)$/s.exec(row.toString("utf8")) ?? [];
      return [name.slice(1), { cursor: Number(cursor), digest }];
    }),
  );
}

function dumpDrain(row: Buffer | undefined) {
  if (row === undefined) return { isKeepAlive: false, dismissedBefore: 0, holder: null };
  const { isKeepAlive, dismissedBefore, ...holder } = decodeRow(DRAIN, row);
  return { isKeepAlive, dismissedBefore, holder: holder.drainId === "" ? null : holder };
}
