import type { SessionRef } from "@holdfast/contracts";
import type {
  AdmitCommand,
  AdmitReply,
  AdvanceCommand,
  AdvanceReply,
  ClaimReply,
  DueReply,
  RenewReply,
  StagedBatch,
} from "@holdfast/runtime";
import type { Facts, History } from "./history.ts";
import type { ObservedCall } from "./witness.ts";

type Describe = (argument: never, reply: never) => Facts;

/** Notes a call that the store carried out. */
export function noteCall(
  history: History,
  who: string,
  { call, reply }: { readonly call: ObservedCall; readonly reply: unknown },
): void {
  const { method, argument } = call;
  // A sweep that finds nothing is most of what a life consists of.
  if (method === "sweep" && (reply as readonly unknown[]).length === 0) return;
  const describe = (DESCRIPTIONS[method] ?? describeOther) as (argument: unknown, reply: unknown) => Facts;
  history.note(who, method, () => describe(argument, reply));
}

const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  admit: ({ ref, input }: AdmitCommand, reply: AdmitReply) => ({
    session: ref.sessionId,
    input: input.id,
    answer: reply.kind,
    ...(reply.kind === "accepted"
      ? {
          admission: reply.admission,
          column: reply.column,
          signal: reply.wake.signal,
          displaced: reply.displaced.map(({ inputId }) => inputId),
        }
      : {}),
  }),
  claim: ({ ref, claimId }: { ref: SessionRef; claimId: string }, reply: ClaimReply) => ({
    session: ref.sessionId,
    claimId,
    answer: reply.kind,
    ...(reply.kind === "staged" ? batchFacts(reply.batch) : {}),
    ...(reply.kind === "idle" ? { dueAt: reply.dueAt } : {}),
  }),
  advance: ({ ref, fence, sequence, attempt, settlement, next }: AdvanceCommand, reply: AdvanceReply) => ({
    session: ref.sessionId,
    fence: `${fence.token}/${fence.claimId}/${fence.runId}`,
    boundary: `${sequence}#${attempt}`,
    settlement: settlement.kind,
    offers: next !== null,
    answer: reply.kind,
    ...(reply.kind === "committed" ? advancedFacts(reply) : {}),
  }),
  renew: (holds: readonly { ref: SessionRef; claimId: string }[], replies: readonly RenewReply[]) => ({
    holds: holds.map(({ ref, claimId }, index) => `${ref.sessionId}/${claimId}=${replies[index]?.kind}`),
  }),
  sweep: (_: never, refs: readonly SessionRef[]) => ({ overdue: refs.map(({ sessionId }) => sessionId) }),
  inspectDue: (ref: SessionRef, reply: DueReply) => ({ session: ref.sessionId, ...reply }),
};

function batchFacts({ fence, attempt, inputs, position }: StagedBatch): Facts {
  return {
    staged: `${fence.token}/${fence.claimId}/${fence.runId}#${attempt}`,
    inputs: inputs.map(({ inputId }) => inputId),
    position,
  };
}

function advancedFacts(reply: Extract<AdvanceReply, { kind: "committed" }>): Facts {
  const { isRepeat, position, settled, next } = reply;
  return {
    ...(isRepeat ? { isRepeat } : {}),
    position,
    settled: settled.map(({ inputId, outcome }) => `${inputId}:${outcome.kind}`),
    next: next.kind,
    ...(next.kind === "staged" ? batchFacts(next.batch) : {}),
    ...("dueAt" in next ? { dueAt: next.dueAt } : {}),
  };
}

function describeOther(
  argument: { ref?: SessionRef; sessionId?: string } | null,
  reply: { kind?: string } | null,
): Facts {
  const session = argument?.ref?.sessionId ?? argument?.sessionId;
  return { session, answer: reply?.kind };
}
