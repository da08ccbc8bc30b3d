import { AppError, SessionEvent } from "@holdfast/contracts";
import type { StoredEvent } from "@holdfast/runtime";
import { decodeColumnText } from "../layout/column.ts";
import { listOf } from "../ledger/replies.ts";

type Columns = readonly string[];

/** A boundary that was committed, of which inputs. */
function boundaryOf([runId, position, inputIds = ""]: Columns) {
  return { runId, position: Number(position), inputIds: listOf(inputIds) };
}

/** As `boundaryOf`, of the boundary that ended a run: with what earlier ones applied. */
function endOf(columns: Columns) {
  return { ...boundaryOf(columns), ...earlierOf(columns[4]) };
}

function earlierOf(applied = "") {
  return applied === "" ? {} : { applied: listOf(applied) };
}

/** Column readers by the type that scripts write; see `emit` in lua/lib/session.lua. */
const READERS: Readonly<Record<string, (columns: Columns) => unknown>> = {
  "session.registered": ([executor]) => ({
    type: "session.registered",
    ...(executor === "" ? {} : { executor }),
  }),
  "session.bound": ([executor]) => ({ type: "session.bound", executor }),
  "runtime.unhosted": ([executor, versions]) => ({ type: "runtime.unhosted", executor, ...rangeOf(versions) }),
  "session.revived": ([from, to]) => ({ type: "session.revived", from, to }),
  "session.phase_changed": ([verb, from, to]) => ({ type: "session.phase_changed", verb, from, to }),
  "input.admitted": ([inputId, admission, isConsumed]) => ({
    type: "input.admitted",
    inputId,
    admission: Number(admission),
    ...(isConsumed === "1" ? { isConsumed: true } : {}),
  }),
  "caller.event": ([name, payload = "null"]) => ({
    type: "caller.event",
    name,
    payload: JSON.parse(decodeColumnText(payload)) as unknown,
  }),
  "session.unregistering": ([from, open = ""]) => ({ type: "session.unregistering", from, open: listOf(open) }),
  "session.obligation_closed": ([obligation, status]) => ({ type: "session.obligation_closed", obligation, status }),
  "session.work_abandoned": ([inputs]) => ({ type: "session.work_abandoned", inputs: Number(inputs) }),
  "session.unregistered": () => ({ type: "session.unregistered" }),
  "input.supersede": ([inputId, by]) => ({ type: "input.superseded", inputId, by }),
  "input.coalesce": ([inputId, into]) => ({ type: "input.coalesced", inputId, into }),
  "input.deduplicated": ([inputId, existingId]) => ({ type: "input.deduplicated", inputId, existingId }),
  "input.abandoned": ([inputId, reason]) => ({ type: "input.abandoned", inputId, reason }),
  "input.redriven": ([inputId, by]) => ({ type: "input.redriven", inputId, by }),
  "input.discarded": ([inputId]) => ({ type: "input.discarded", inputId }),
  "run.started": ([runId, attempt, inputIds = ""]) => ({
    type: "run.started",
    runId,
    attempt: Number(attempt),
    inputIds: listOf(inputIds),
  }),
  "run.commit": (columns) => ({ type: "run.completed", ...endOf(columns) }),
  "run.cancel": (columns) => ({ type: "run.cancelled", ...endOf(columns) }),
  "run.rolled_back": ([runId, inputIds = "", applied]) => {
    return { type: "run.rolled_back", runId, inputIds: listOf(inputIds), ...earlierOf(applied) };
  },
  "run.exhausted": ([runId, inputIds = ""]) => ({ type: "run.exhausted", runId, inputIds: listOf(inputIds) }),
  "run.steered": ([runId, inputIds = ""]) => ({ type: "run.steered", runId, inputIds: listOf(inputIds) }),
  "run.checkpoint": (columns) => ({ type: "run.checkpointed", ...boundaryOf(columns) }),
  "run.suspend": (columns) => ({ type: "run.suspended", ...boundaryOf(columns) }),
  "run.supersede": (columns) => ({ type: "run.superseded", ...endOf(columns), by: columns[3] }),
  "run.resumed": ([runId]) => ({ type: "run.resumed", runId }),
  "run.stalled": ([runId, silentMs]) => ({ type: "run.stalled", runId, silentMs: Number(silentMs) }),
  "run.failed": ([runId, code = "", requeued = ""]) => ({
    type: "run.failed",
    runId,
    code: decodeColumnText(code),
    requeued: listOf(requeued),
  }),
  "run.lost": ([runId, requeued = ""]) => ({ type: "run.lost", runId, requeued: listOf(requeued) }),
  "run.released": ([runId, requeued = ""]) => ({ type: "run.released", runId, requeued: listOf(requeued) }),
  // The id is the user's and may have bars of its own, so it stands last.
  "operation.ended": ([seq, kind, status, ...id]) => ({
    type: "operation.ended",
    operationId: id.join("|"),
    kind,
    status,
    seq: Number(seq),
  }),
};

function rangeOf(versions = ""): { readonly versions?: string } {
  return versions === "" ? {} : { versions: decodeColumnText(versions) };
}

/** An event from its stored row. @throws store.corrupt for a row this version does not know */
export function decodeEvent(cursor: number, row: string): StoredEvent {
  const [stamp = "", type = "", ...columns] = row.split("|");
  const event = SessionEvent.safeParse(READERS[type]?.(columns));
  if (!event.success) {
    throw new AppError("store.corrupt", { message: `event ${cursor} is a ${type} this version cannot read` });
  }
  const [at, cause = "", correlations = ""] = stamp.split(";");
  return {
    cursor,
    at: Number(at),
    event: event.data,
    ...(cause === "" ? {} : { cause: Number(cause) }),
    ...(correlations === "" ? {} : { correlationIds: correlations.split(",").map(decodeURIComponent) }),
  };
}
