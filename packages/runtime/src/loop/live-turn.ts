/**
 * What a turn does while it is in progress: inner boundaries, its inbox, waiting
 * for attention.
 *
 * Calls go one after the other, each sent again until it is answered: what a
 * boundary is of depends on the call before it.
 *
 * Invariants
 *   H6  What the settlement of a turn says of its contributors, its sequence and
 *       its place in the chain is what the latest call of the turn left.
 *   H7  A turn that was asked to end at its boundary is told so when that is
 *       committed, and not before.
 */
import { type Input, type InputId, SCRIPT_BATCH, type SessionRef } from "@holdfast/contracts";
import { abortReasonOf } from "@holdfast/domain";
import { parseContent } from "../blobs/content-reference.ts";
import type { AbortReason, BoundaryDraft, InboxOptions } from "../ports/executor.ts";
import type { StagedBatch } from "../ports/ledger.ts";
import type { CheckpointCommand, CheckpointReply } from "../ports/live-runs.ts";
import type { CommittedChange } from "../publish/output-gate.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { StreamWriter } from "../streams/stream-writer.ts";
import { boundaryCommit, boundaryOfBatch } from "./boundary.ts";
import { executorJson } from "./executor-json.ts";

/** What a turn in progress works with. */
export interface LiveTurnParts {
  readonly context: RuntimeContext;
  readonly ref: SessionRef;
  readonly batch: StagedBatch;
  readonly signal: AbortSignal;
  /** Most bytes that one look into the inbox takes. */
  readonly maxBytes: number;
  /** Repeats a call that may be sent twice while its answer would still count. */
  readonly untilAnswered: <T>(call: () => Promise<T>) => Promise<T>;
  /** A boundary is committed: what it left, and the state of the session if it changed. */
  readonly committed: (left: { readonly digest: string; readonly state: string | null }) => void;
  readonly stream: Pick<StreamWriter, "barrier">;
  readonly publish: (change: CommittedChange) => void;
  readonly abort: (reason: AbortReason) => void;
  /** Something was seen of the run. */
  readonly progressed: (sign: "boundary" | "sign") => void;
}

/** A turn in progress. */
export class LiveTurn {
  readonly #parts: LiveTurnParts;
  readonly #shown = new Set<InputId>();
  #batch: StagedBatch;
  #calls = 0;
  #last: Promise<unknown> = Promise.resolve();
  #isAttentionAsked = false;
  #wakeUp = (): void => {};

  constructor(parts: LiveTurnParts) {
    this.#parts = parts;
    this.#batch = parts.batch;
    // Of a run that goes on, only the inbox can have given what no boundary has committed.
    if (parts.batch.sequence > 1) for (const { inputId } of parts.batch.inputs) this.#shown.add(inputId);
  }

  /** The staged attempt as the latest call left it (H6). */
  get batch(): StagedBatch {
    return this.#batch;
  }

  /** Inputs that joined the run since its last boundary. */
  get shown(): ReadonlySet<InputId> {
    return this.#shown;
  }

  /** Commits an inner boundary. */
  async checkpoint(draft: BoundaryDraft = {}): Promise<void> {
    await this.#call({ draft, limit: 0 });
  }

  /** Takes what waits in the steer lane. */
  async inbox({ limit = SCRIPT_BATCH, checkpoint }: InboxOptions = {}): Promise<readonly Input[]> {
    this.#isAttentionAsked = false;
    const taken = await this.#call({ draft: checkpoint ?? null, limit: Math.max(1, Math.min(limit, SCRIPT_BATCH)) });
    // The ledger validated them at admission; they are read back as they were written.
    return taken.inputs.map(({ payload }) => parseContent(payload) as Input);
  }

  /** Resolves once an input has asked for attention. */
  attention(): Promise<void> {
    const { signal } = this.#parts;
    return new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      else if (this.#isAttentionAsked) resolve();
      const before = this.#wakeUp;
      this.#wakeUp = () => {
        before();
        resolve();
      };
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  }

  /** An input asks for attention; a hint that came too late or for nothing ends one wait. */
  attend(): void {
    this.#isAttentionAsked = true;
    const wakeUp = this.#wakeUp;
    this.#wakeUp = () => {};
    wakeUp();
  }

  /** Resolves when no call is under way any more: only then may the turn be settled. */
  async idle(): Promise<void> {
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await this.#last;
    }
  }

  #call(wanted: { readonly draft: BoundaryDraft | null; readonly limit: number }): Promise<Taken> {
    // Read before the call waits for its turn: an executor may change what it handed in.
    const draft = wanted.draft === null ? null : draftJson(wanted.draft);
    const send = () => this.#send({ draft, limit: wanted.limit });
    const call = draft === null ? this.#last.then(send) : this.#between(this.#last, send);
    this.#last = call.catch(() => {});
    return call;
  }

  /** A boundary covers what was written before it was asked for, and nothing that was written after (T17). */
  async #between<T>(last: Promise<unknown>, send: () => Promise<T>): Promise<T> {
    const barrier = this.#parts.stream.barrier();
    try {
      await last;
      await barrier.reached;
      return await send();
    } finally {
      barrier.release();
    }
  }

  async #send({ draft, limit }: { readonly draft: DraftJson | null; readonly limit: number }): Promise<Taken> {
    const { context, signal, untilAnswered } = this.#parts;
    signal.throwIfAborted();
    const command = this.#command(draft, limit);
    const reply = await untilAnswered(() => context.store.liveRuns.checkpoint(command));
    if (reply.kind !== "taken") throw this.#refused(reply.kind);
    this.#calls = command.call;
    this.#adopt(command, reply);
    return reply;
  }

  #command(draft: DraftJson | null, limit: number): CheckpointCommand {
    const { context, ref, maxBytes } = this.#parts;
    const batch = this.#batch;
    const boundary =
      draft === null
        ? null
        : {
            ...boundaryOfBatch(batch),
            ...boundaryCommit(context, batch, { kind: "checkpointed", output: null, ...draft }),
            data: draft.data,
          };
    return {
      ref,
      fence: batch.fence,
      attempt: batch.attempt,
      call: this.#calls + 1,
      callDigest: context.sha256(JSON.stringify([boundary?.digest ?? null, limit])),
      boundary,
      inbox: limit === 0 ? null : { maxInputs: limit, maxBytes },
    };
  }

  #adopt({ boundary }: CheckpointCommand, reply: Taken): void {
    const { ref, publish, committed, abort, progressed } = this.#parts;
    const { inputs, followers, cursor } = reply;
    if (boundary !== null) {
      this.#batch = {
        ...this.#batch,
        sequence: boundary.sequence + 1,
        position: boundary.expectedPosition + 1,
        previousDigest: boundary.digest,
        applied: [...this.#batch.applied, ...boundary.contributors],
        inputs: [],
      };
      this.#shown.clear();
      committed({ digest: boundary.digest, state: boundary.state });
    }
    this.#batch = { ...this.#batch, inputs: [...this.#batch.inputs, ...inputs] };
    for (const { inputId } of inputs) this.#shown.add(inputId);
    progressed(boundary === null ? "sign" : "boundary");
    publish({ ref, settled: [], followers, cursor });
    // H7
    if (reply.cancelMode !== null) {
      if (reply.cancelMode !== "boundary") abort(abortReasonOf(reply.cancelMode));
      else if (boundary !== null) abort("cancelled");
    }
  }

  #refused(answer: string): Error {
    const { context, ref, batch, abort } = this.#parts;
    const fields = { ref, runId: batch.fence.runId, answer };
    context.report({ level: "warn", phrase: "checkpoint refused", fields });
    // Whatever it was: the session is not as this turn believes it to be.
    abort("lease_lost");
    return new DOMException("the turn no longer holds its session", "AbortError");
  }
}

type Taken = Extract<CheckpointReply, { kind: "taken" }>;

/** A boundary whose content is canonical JSON; `null` for none. */
interface DraftJson {
  readonly state: string | null;
  readonly data: string | null;
}

function draftJson({ state, data }: BoundaryDraft): DraftJson {
  return {
    state: state === undefined ? null : executorJson("the boundary's state", state),
    data: data === undefined ? null : executorJson("the boundary's data", data),
  };
}
