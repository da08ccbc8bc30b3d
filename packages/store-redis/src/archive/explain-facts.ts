import type { InputId, NodeId, RunId, SessionRef } from "@holdfast/contracts";
import type { ExplainFacts } from "@holdfast/runtime";
import { FIELD } from "../layout/fields.ts";
import { decodeRow, ENTRY, HEAD, HOLD, RECORD, type Row } from "../layout/rows.ts";
import { toSessionRecord } from "../session/redis-session-directory.ts";
import type { ArchiveOptions } from "./archive-options.ts";

/** What `explain` goes by, read in one transaction. */
export async function explainFacts({ scripts, keys }: ArchiveOptions, ref: SessionRef): Promise<ExplainFacts | null> {
  const { session, member, list } = keys.session(ref);
  const [, later = "", due = ""] = list;
  const answers = await scripts.read((client) =>
    client
      .multi()
      .time()
      .hmgetBuffer(session, "head", "hold", "settings", "txn")
      .zscore(due, member)
      .zrange(later, "0", "0", "WITHSCORES")
      .exec(),
  );
  const [time, rows, dueAt, first] = (answers ?? []).map(([, value]) => value) as [
    [string, string],
    (Buffer | null)[],
    string | null,
    string[],
  ];
  const [stored, hold, settings, marker] = rows;
  if (!stored) return null;
  const head = decodeRow(HEAD, stored);
  const hasRun = isSet(hold);
  const staged = hasRun ? decodeRow(HOLD, hold as Buffer) : null;
  return {
    record: toSessionRecord(ref, head, { hasRun, settings: settings?.toString() ?? "{}" }),
    now: Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000),
    run: staged === null ? null : toRun(staged),
    dueAt: dueAt === null ? null : Number(dueAt),
    fruitlessSweeps: head.sweeps,
    waking: head.waking,
    isUnhosted: head.isUnhosted,
    isTorn: isSet(marker),
    nextTimed: await nextTimed({ scripts, session, head, first }),
  };
}

function isSet(field: Buffer | null | undefined): boolean {
  return field != null && field.length > 0;
}

function toRun(hold: Row<typeof HOLD>): ExplainFacts["run"] {
  const { attempt, stagedAt, leaseUntil, isCancelRequested } = hold;
  return { runId: hold.runId as RunId, node: hold.node as NodeId, attempt, stagedAt, leaseUntil, isCancelRequested };
}

/** The input that will be tried at a known time: one that waits outside its lane, or one that blocks it. */
async function nextTimed(options: {
  readonly scripts: ArchiveOptions["scripts"];
  readonly session: string;
  readonly head: { readonly steerHead: number; readonly queueHead: number };
  readonly first: readonly string[];
}): Promise<ExplainFacts["nextTimed"]> {
  const { scripts, session, head, first } = options;
  const fronts = await scripts.read((client) =>
    client.hmgetBuffer(session, `s${head.steerHead}`, `q${head.queueHead}`),
  );
  const blocked = fronts.flatMap((row) => {
    if (row === null) return [];
    const entry = decodeRow(ENTRY, row);
    return entry.notBeforeAt > 0 ? [{ inputId: entry.inputId, at: entry.notBeforeAt }] : [];
  });
  const [inputId = "", at = "inf"] = first;
  const timed = inputId === "" ? blocked : [...blocked, { inputId, at: Number(at) }];
  const next = timed.sort((one, other) => one.at - other.at)[0];
  if (next === undefined) return null;
  const row = await scripts.read((client) => client.hgetBuffer(session, FIELD.input(next.inputId)));
  return { inputId: next.inputId as InputId, at: next.at, failures: row ? decodeRow(RECORD, row).failures : 0 };
}
