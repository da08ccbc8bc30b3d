import type {
  Admission,
  FailureMode,
  InputId,
  InputLimits,
  LoopLimits,
  MemoryLimits,
  NewInput,
  NodeId,
  Outcome,
  Retention,
  RetryBudget,
  RunId,
  SessionRef,
  Timing,
} from "@holdfast/contracts";
import type { Blobs, Executor, FollowStreamOptions, InputStreamPart, Report, SessionRuntime } from "@holdfast/runtime";

/** How a process takes part, whatever the store. Everything has a default. */
export interface ProcessOptions {
  /** Executors this process hosts. With none it only sends, reads and controls. */
  readonly executors?: readonly Executor[];
  readonly tenantId?: string;
  readonly timing?: Partial<Timing>;
  readonly budget?: Partial<RetryBudget>;
  /** How much of what is over each session keeps; the same in every process. */
  readonly retention?: Partial<Retention>;
  readonly loop?: Partial<LoopLimits>;
  readonly inputLimits?: Partial<InputLimits>;
  /**
   * Told what goes wrong in the background, the same phrase every ten seconds
   * at the most: then the field `times` counts. The default writes nothing.
   */
  readonly onReport?: (report: Report) => void;
}

/** Where a store on Redis is. Everything has a default but that. */
export interface RedisOptions {
  /** URL of the ledger's Redis. */
  readonly redis: string;
  /** URL of the wake queue's Redis, when it is another one; it need not be durable. */
  readonly wakeRedis?: string;
  readonly namespace?: string;
  readonly buckets?: number;
  /** Whether a store that is not there is created, which is the default; else it is `store.not_found`. */
  readonly mayCreate?: boolean;
  /** When the store takes nothing new, so that what it has can still be finished. */
  readonly memory?: Partial<MemoryLimits>;
  /**
   * Payloads, states and outputs of more bytes, 64 KiB by default, are kept as blobs. Processes of a store may differ:
   * each reads what any of them has written.
   */
  readonly inlineBytes?: number;
}

/** How a process takes part in a store on Redis. */
export interface HoldfastOptions extends ProcessOptions, RedisOptions {
  /** Where images of inputs and large content are kept, the same for every process; on the ledger's Redis, if left out. */
  readonly blobs?: Blobs;
}

/** As {@link HoldfastOptions}, with the store by itself. */
export interface PersistentOptions extends ProcessOptions {
  readonly store: RedisOptions;
  /** Where images of inputs and large content are kept, the same for every process; on the ledger's Redis, if left out. */
  readonly blobs?: Blobs;
}

/** A process that takes part in a store. */
export interface Holdfast {
  /** Everything, for surfaces. */
  readonly runtime: SessionRuntime;
  readonly node: NodeId;
  readonly tenantId: SessionRef["tenantId"];
  /** A handle on a session; nothing is created before the first send. */
  session(sessionId: string, options?: SessionOptions): SessionHandle;
  /**
   * Takes no new work, lets running turns finish for up to `graceMs` and hands
   * the rest back at their last boundary; then closes what it opened.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** How a session that does not exist is created by the first send. */
export interface SessionOptions {
  readonly executor: string;
  /** Versions of the executor that may run it, as a semantic range; any, if left out. */
  readonly versions?: string;
  readonly onFailure?: FailureMode;
}

/** One session. */
export interface SessionHandle {
  readonly ref: SessionRef;
  /** Sends a prompt or any other input; a key makes it safe to send again. */
  send(message: Message): Promise<Sent>;
  /** The outcome of what was sent with this key, by whichever process. */
  outcome(key: string, options?: { readonly timeoutMs?: number }): Promise<Outcome>;
  /**
   * What a run writes with `turn.stream`, as it comes, over all its attempts: the run in progress unless another is
   * named. Ends after its `closed` part, and at once when there is no run. Who comes back with run and offset of the
   * last part misses nothing and sees nothing twice (G12).
   *
   * @throws run.not_found, stream.expired, session.not_found, session.destroyed
   */
  stream(options?: SessionStreamOptions): AsyncIterable<InputStreamPart>;
}

/** Which run's stream, from where, until when. */
export interface SessionStreamOptions extends FollowStreamOptions {
  readonly runId?: RunId;
}

/** A prompt in short, or any input. */
export type Message = Prompt | NewInput;

/** A prompt: its text, a key that makes it safe to send again, and what any input may say of time and of work that is there. */
export interface Prompt extends Pick<NewInput, "overlap" | "notBefore" | "expiresAt"> {
  readonly key?: string;
  readonly text: string;
}

/** An admitted input. */
export interface Sent {
  readonly admission: Admission;
  readonly inputId: InputId;
  /** Resolves once with how the input ended (G9). Nothing rejects unhandled if you do not await it. */
  readonly completion: Promise<Outcome>;
  /**
   * What runs write about it with `turn.stream`, as it comes, from before it is staged until it ends. What a part
   * of type `retracted` withdraws is to be forgotten.
   *
   * @throws input.not_found, stream.expired, session.destroyed
   */
  stream(options?: { readonly signal?: AbortSignal }): AsyncIterable<InputStreamPart>;
}
