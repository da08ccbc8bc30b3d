/** Stages a batch durably (L3). */
import type { Boundary, ClaimId, NodeId, RunId } from "@holdfast/contracts";
import type { StagedBatch, StagingOffer } from "@holdfast/runtime";
import { getInputs, moveInput } from "../input/input.ts";
import type { HoldData, InputData } from "../session/session-data.ts";
import { emit, originOf, type Work } from "../session/work.ts";
import { loadRun } from "./run.ts";

/** Stages a selected batch under a new token and answers the hold. */
export function stageBatch(
  work: Work,
  batch: readonly InputData[],
  staging: {
    readonly offer: Pick<StagingOffer, "newRunId" | "maxBytes">;
    readonly claimId: ClaimId;
    readonly node: NodeId;
  },
): HoldData {
  const { data, session, now, config } = work;
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
  data.token += 1;
  session.hold = {
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
    boundary: boundary as Boundary,
    journal: run.journal,
    staged: taken.map(({ inputId }) => inputId),
    startedCursor: session.cursor + 1,
    lookAt: 0,
  };
  const { attempt, staged } = session.hold;
  emit(work, { type: "run.started", runId, attempt, inputIds: [...staged] }, originOf(first.cursor, taken));
  return session.hold;
}

// The first always fits, and a run that was staged before keeps its exact set.
function cutAtBytes(batch: readonly InputData[], maxBytes: number): readonly InputData[] {
  if (batch[0]?.runId !== null) return batch;
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
    inputs: getInputs(session, hold.staged).map(({ inputId, admission, attempts, failures, losses, payload }) => {
      return { inputId, admission, attempts, failures, losses, payload };
    }),
    journalEntries: hold.journal,
  };
}
