/** Stages a batch durably (L3). */
import type { Boundary, ClaimId, InputId, Lane, NodeId, RunId } from "@holdfast/contracts";
import type { StagedBatch, StagedInput, StagingOffer } from "@holdfast/runtime";
import { getInputs, moveInput } from "../input/input.ts";
import type { HoldData, InputData, RunData, SessionData } from "../session/session-data.ts";
import { stepRun } from "../session/transitions.ts";
import { emit, originOf, type Work } from "../session/work.ts";
import { beginStream } from "../stream/stand-with-run.ts";
import { membersOf, unparkRun } from "./continuation.ts";
import { loadRun } from "./run.ts";
import type { Selected } from "./select.ts";

/** Stages a selected batch under a new token and answers the hold. */
export function stageBatch(
  work: Work,
  batch: Selected,
  staging: {
    readonly offer: Pick<StagingOffer, "newRunId" | "maxBytes">;
    readonly claimId: ClaimId;
    readonly node: NodeId;
  },
): HoldData {
  if ("place" in batch) return stageContinued(work, batch, staging);
  const { session } = work;
  const taken = cutAtBytes(batch, staging.offer.maxBytes);
  const [first, last] = [taken[0] as InputData, taken.at(-1) as InputData];
  const { boundary, runId: knownRunId } = first;
  const runId: RunId = knownRunId ?? staging.offer.newRunId;
  const run = loadRun(session, runId);
  for (const input of taken) {
    input.runId = runId;
    moveInput(work, input, "run.stage");
  }
  // What was promoted between the members of an older run still stands behind its first.
  session.lanes[last.lane].head = (knownRunId === null ? last : first).place + 1;
  session.hold = {
    ...newHold(work, runId, run, staging),
    boundary: boundary as Boundary,
    staged: taken.map(({ inputId }) => inputId),
  };
  const { attempt, staged } = session.hold;
  emit(work, { type: "run.started", runId, attempt, inputIds: [...staged] }, originOf(first.cursor, taken));
  return session.hold;
}

type Staging = Parameters<typeof stageBatch>[2];

function newHold(
  { data, session, now, config }: Work,
  runId: RunId,
  run: RunData,
  staging: Pick<Staging, "claimId" | "node">,
): Omit<HoldData, "boundary"> {
  data.token += 1;
  if (run.isStreamed) beginStream(session, runId);
  return {
    runId,
    attempt: run.attempts + 1,
    sequence: run.sequence + 1,
    token: data.token,
    claimId: staging.claimId,
    node: staging.node,
    leaseUntil: now + config.timing.leaseMs,
    leaseMs: config.timing.leaseMs,
    stagedAt: now,
    cancelMode: null,
    journal: run.journal,
    staged: [],
    startedCursor: session.cursor + 1,
    lookAt: 0,
    isSteered: false,
    applied: [],
    calls: 0,
    callDigest: "",
    taken: [],
    progressAt: 0,
    stalledAt: 0,
    isAttentionAsked: false,
    isStreamed: run.isStreamed,
  };
}

/** Stages a run that goes on: only inputs of which no boundary is committed are handed out again (G11). */
function stageContinued(
  work: Work,
  { lane, place, runId }: { readonly lane: Lane; readonly place: number; readonly runId: RunId },
  staging: Pick<Staging, "claimId" | "node">,
): HoldData {
  const { session } = work;
  const run = loadRun(session, runId);
  session.lanes[lane].places.delete(place);
  session.lanes[lane].head = place + 1;
  session.continued -= 1;
  unparkRun(work, run);
  const { boundary, staged, applied } = run;
  session.hold = {
    ...newHold(work, runId, run, staging),
    boundary: boundary as Boundary,
    staged,
    applied,
    isSteered: true,
  };
  const transition = stepRun(run.status, "run.stage");
  if (transition === null) throw new TypeError(`run ${runId} is ${run.status} and cannot be staged`);
  run.status = transition.next;
  run.staged = [];
  run.applied = [];
  session.runs.set(runId, run);
  for (const input of getInputs(session, membersOf(session.hold))) moveInput(work, input, "run.stage");
  const { attempt } = session.hold;
  emit(
    work,
    { type: "run.started", runId, attempt, inputIds: [...staged] },
    originOf(null, getInputs(session, staged)),
  );
  return session.hold;
}

/** Cuts a batch at the byte limit. The first always fits, and a run that was staged before keeps its exact set. */
export function cutAtBytes(batch: readonly InputData[], maxBytes: number): readonly InputData[] {
  if (batch.length === 0 || batch[0]?.runId !== null) return batch;
  let bytes = 0;
  const end = batch.findIndex((input, index) => {
    bytes += input.payloadBytes;
    return index > 0 && bytes > maxBytes;
  });
  return end === -1 ? batch : batch.slice(0, end);
}

/** A hold as whoever executes it needs it; the same for a repeated call (L5). */
export function stagedBatch({ session }: Work, hold: HoldData): StagedBatch {
  return {
    fence: { token: hold.token, claimId: hold.claimId, runId: hold.runId },
    attempt: hold.attempt,
    sequence: hold.sequence,
    position: session.position,
    previousDigest: session.digest,
    executor: session.executor ?? "",
    boundary: hold.boundary,
    inputs: stagedInputs(session, hold.staged),
    journalEntries: hold.journal,
    applied: hold.applied,
    appliedFailures: Math.max(0, ...getInputs(session, hold.applied).map(({ failures }) => failures)),
    kept: {
      data: session.checkpoints.get(hold.runId) ?? null,
      value: session.resumptions.get(hold.runId) ?? null,
    },
  };
}

/** Inputs as an attempt is handed them. */
export function stagedInputs(session: SessionData, ids: readonly InputId[]): StagedInput[] {
  return getInputs(session, ids).map(({ inputId, admission, attempts, failures, losses, payload }) => {
    return { inputId, admission, attempts, failures, losses, payload };
  });
}
