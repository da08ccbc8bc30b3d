/** What workers send while a run is in progress. */
import type { CheckpointCommand, CheckpointReply } from "@holdfast/runtime";
import { adopted, checkpointCommand } from "../fixtures/checkpoints.ts";
import type { Call } from "./calls.ts";
import type { DifferentialCommand } from "./command.ts";
import { back, type KnownBatch, type Mind, standingOf } from "./mind.ts";

type Of<T extends DifferentialCommand["type"]> = Extract<DifferentialCommand, { type: T }>;

/** A boundary of a batch somebody was handed, a look into its inbox, or both. */
export function checkpointOf(mind: Mind, wanted: Of<"checkpoint">): Call | null {
  const known = back(mind.batches, wanted.back);
  if (known === undefined) return null;
  const { token } = known.batch.fence;
  const calls = mind.calls.get(token) ?? 0;
  const command = flawed(commandOf(known, wanted, calls), wanted.flaw);
  const earlier = mind.checkpoints.get(token);
  return wanted.call === "again" && earlier !== undefined
    ? checkpointCall(mind, known, earlier)
    : checkpointCall(mind, known, command);
}

function commandOf({ ref, batch }: KnownBatch, { commits, limit, call }: Of<"checkpoint">, calls: number) {
  const content = { data: { calls }, ...(commits === "state" ? { state: { calls } } : {}) };
  return checkpointCommand(ref, batch, {
    call: { next: calls + 1, again: calls, gap: calls + 2 }[call],
    boundary: commits === "nothing" ? null : content,
    limit,
  });
}

function flawed(command: CheckpointCommand, flaw: Of<"checkpoint">["flaw"]): CheckpointCommand {
  const { boundary, fence } = command;
  if (flaw === "token") return { ...command, fence: { ...fence, token: fence.token + 1 } };
  if (boundary === null || flaw === "none") return command;
  if (flaw === "position") {
    return { ...command, boundary: { ...boundary, expectedPosition: boundary.expectedPosition + 1 } };
  }
  return { ...command, boundary: { ...boundary, contributors: boundary.contributors.slice(1) } };
}

function checkpointCall(mind: Mind, known: KnownBatch, command: CheckpointCommand): Call {
  const { ref, fence, call, boundary, inbox } = command;
  return {
    what: `checkpoint ${call} of ${fence.runId}${boundary === null ? "" : ", a boundary"}, inbox ${inbox?.maxInputs ?? 0}`,
    touches: [ref],
    send: (store) => store.liveRuns.checkpoint(command),
    learn: (answer) => {
      const reply = answer as CheckpointReply;
      if (reply.kind !== "taken" || reply.isRepeat) return;
      mind.calls.set(fence.token, call);
      mind.checkpoints.set(fence.token, command);
      replace(mind, known, { ...known, batch: adopted(known.batch, command, reply.inputs) });
    },
  };
}

function replace(mind: Mind, known: KnownBatch, left: KnownBatch): void {
  mind.batches = mind.batches.map((other) => (other === known ? left : other));
  const inHand = standingOf(mind, known.ref)?.inHand;
  if (inHand?.delete(known) === true) inHand.add(left);
}
