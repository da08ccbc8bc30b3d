/** Streams of runs, as calls. */
import type { ClaimId, Fence, RunId } from "@holdfast/contracts";
import type { AppendCommand, AppendReply } from "@holdfast/runtime";
import type { Call } from "./calls.ts";
import type { DifferentialCommand } from "./command.ts";
import { back, type Mind } from "./mind.ts";
import type { StreamCommand } from "./stream-command.ts";

type Of<T extends StreamCommand["type"]> = Extract<StreamCommand, { type: T }>;

/** Whether a command is about a stream. */
export function isStreamCommand(command: DifferentialCommand): command is StreamCommand {
  return command.type === "stream" || command.type === "read_stream";
}

/** The call a command stands for; `null` before anybody was handed a batch. */
export function streamCall(mind: Mind, command: StreamCommand): Call | null {
  return command.type === "stream" ? appendOf(mind, command) : readOf(mind, command);
}

function appendOf(mind: Mind, { back: count, at, flaw, ...wanted }: Of<"stream">): Call | null {
  const known = back(mind.batches, count);
  if (known === undefined) return null;
  const { ref, batch } = known;
  const { token, runId } = batch.fence;
  const written = mind.written.get(token) ?? { chunks: 0, last: null };
  const chunks = Array.from({ length: wanted.count }, (_, index) => JSON.stringify(`${index}é`.repeat(wanted.size)));
  const next: AppendCommand = { ref, fence: flawed(batch.fence, flaw), position: written.chunks, chunks };
  const gap = { ...next, position: written.chunks + 1 };
  const command = { next, again: written.last ?? next, gap }[at];
  return {
    what: `append ${command.chunks.length} chunks of ${runId} at ${command.position}`,
    touches: [ref],
    send: (store) => store.streams.append(command),
    learn: (answer) => {
      const reply = answer as AppendReply;
      if (reply.kind !== "appended" || command === written.last) return;
      mind.written.set(token, { chunks: written.chunks + reply.written, last: command });
    },
  };
}

function flawed(fence: Fence, flaw: Of<"stream">["flaw"]): Fence {
  if (flaw === "token") return { ...fence, token: fence.token + 1 };
  if (flaw === "claim") return { ...fence, claimId: "clm_of_another" as ClaimId };
  return flaw === "run" ? { ...fence, runId: "run_of_another" as RunId } : fence;
}

function readOf(mind: Mind, { back: count, after, limit }: Of<"read_stream">): Call | null {
  const known = back(mind.batches, count);
  if (known === undefined) return null;
  const query = { ref: known.ref, runId: known.batch.fence.runId, after, limit };
  return { what: `read the stream of ${query.runId}`, touches: [], send: (store) => store.streams.read(query) };
}
