import { AppError, type InputId, type RunId, type SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { InputStreamPart } from "../api/streams.ts";
import type { InputRecord } from "../ports/archive.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { StreamReaders } from "./stream-readers.ts";

/** Whose stream is followed, and until when. */
export interface FollowedInput {
  readonly ref: SessionRef;
  readonly inputId: InputId;
  readonly signal: AbortSignal;
}

/** What runs write about an input, from one run to the next. */
export async function* followInput(
  parts: { readonly context: RuntimeContext; readonly readers: StreamReaders },
  followed: FollowedInput,
): AsyncGenerator<InputStreamPart> {
  const { context, readers } = parts;
  const { ref, signal } = followed;
  for (let runId = await nextRun(parts, followed, null); runId !== null; ) {
    let next: RunId | null = null;
    for await (const part of readers.follow(ref, runId, { signal })) {
      if (part.type !== "closed" || part.status === "destroyed" || (await isOfRun(context, followed, runId))) {
        yield { ...part, runId };
        continue;
      }
      // The run is over and the input is not: it is run again under another id.
      yield { type: "retracted", offset: part.offset, from: 1, runId };
      next = await nextRun(parts, followed, runId);
    }
    runId = next;
  }
}

/** Whether the input ended with a run that is over. */
async function isOfRun(context: RuntimeContext, followed: FollowedInput, runId: RunId): Promise<boolean> {
  const record = await context.store.archive.findInput(followed.ref, followed.inputId);
  if (record === null) return true;
  return record.outcome !== null && (record.runId ?? runId) === runId;
}

/** The run that an input is staged in, other than a former one; `null` when it ends without another. */
async function nextRun(
  { context, readers }: { readonly context: RuntimeContext; readonly readers: StreamReaders },
  followed: FollowedInput,
  former: RunId | null,
): Promise<RunId | null> {
  const { ref, signal } = followed;
  const runOf = ({ runId }: InputRecord) => (runId === former ? null : runId);
  const nextChange = readers.changes(ref, signal);
  let record = await getInput(context, followed);
  const isWaiting = () => runOf(record) === null && record.outcome === null;
  while (isWaiting() && !signal.aborted) {
    await nextChange(async () => {
      record = await getInput(context, followed);
      return isWaiting();
    });
  }
  return runOf(record);
}

/** @throws input.not_found, session.not_found, session.destroyed */
async function getInput({ store }: RuntimeContext, { ref, inputId }: FollowedInput): Promise<InputRecord> {
  const record = await store.archive.findInput(ref, inputId);
  if (record !== null) return record;
  const session = await store.directory.find(ref);
  if (session === null) throw new AppError("session.not_found");
  throw new AppError(isFinalPhase(session.phase) ? "session.destroyed" : "input.not_found");
}
