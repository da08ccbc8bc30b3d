/**
 * Admission: validate, resolve policy, one script, signal.
 */
import {
  type AckLevel,
  type Admission,
  AppError,
  DEBOUNCE_MAX_WINDOWS,
  epochMsOf,
  type Input,
  type InputId,
  type InputLimits,
  isAppError,
  isoOf,
  LIMITED_RETRY_MS,
  type NewInput,
  type Overlap,
  type ParsedInput,
  type PolicyColumns,
  type RunId,
  type SessionPhase,
  type SessionRef,
  SessionSettings,
} from "@holdfast/contracts";
import {
  displacementScope,
  findAdmissionFault,
  findTerminalShapeFault,
  fingerprintBytes,
  inputKindOf,
  isFinalPhase,
  mergeInputs,
  overlapOf,
  parseNewInput,
  resolvePolicy,
} from "@holdfast/domain";
import { LRUCache } from "lru-cache";
import { missingNameOf } from "../blobs/content-reference.ts";
import { externaliseImages, hasImages } from "../blobs/externalise.ts";
import type { AdmitCommand, AdmitReply } from "../ports/ledger.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import type { Tell } from "../publish/tell.ts";
import { Looks } from "../retention/let-go.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";
import { assertBinding } from "../session/assert-binding.ts";
import { toSessionView } from "../session/session-view.ts";
import type { AcceptOptions } from "../session-runtime.ts";
import { derivedInputId } from "./derived-id.ts";
import type { Waker } from "./waker.ts";

/** Settings of a session as an admission goes by them. */
export interface KnownSettings {
  readonly revision: number;
  readonly settings: SessionSettings;
}

/** An input that passed validation and has its identity. */
export interface PreparedInput {
  readonly kind: "prepared";
  readonly input: ParsedInput;
  readonly id: InputId;
  readonly keyedId: InputId | null;
  readonly fingerprint: string;
  readonly payload: string;
}

/** How a prepared input is admitted. */
export type AdmitOptions = AcceptOptions & {
  readonly isAwaited: boolean;
  readonly merge?: AdmitCommand["merge"];
  /** The dead letter that it is made of. */
  readonly redriveOf?: InputId;
  /** Completions of detached work that it tells of. */
  readonly toldThrough?: number;
};

/** An admission, and what the ledger answered. */
interface SentCommand {
  readonly command: AdmitCommand;
  readonly reply: AdmitReply;
}

type Refusal = Exclude<AdmitReply, { kind: "accepted" | "deduplicated" | "busy" }>;
type Rejection = Extract<Admission, { kind: "rejected" }>;

/** What a session has that was never given any. */
const NO_SETTINGS: KnownSettings = { revision: 0, settings: SessionSettings.parse({}) };
const KNOWN_SESSIONS = 10_000;
/** An admission resolves its policy again when the settings moved; they do not move for ever. */
const MAX_RESOLUTIONS = 5;
/** 132 bits of SHA-256 in base64url. */
const FINGERPRINT_CHARACTERS = 22;
const encoder = new TextEncoder();
const ACK_ORDER: readonly AckLevel[] = ["memory", "fsync", "replicated"];

/** Admits inputs for one process. */
export class Ingress {
  readonly #context: RuntimeContext;
  readonly #waker: Waker;
  readonly #publish: OutputGate;
  readonly #tell: Tell;
  readonly #looks: Looks;
  // Bounded by size, not by count: a cache bounded by count sets aside all its room at once, which takes milliseconds.
  readonly #settings = new LRUCache<string, KnownSettings>({ maxSize: KNOWN_SESSIONS, sizeCalculation: () => 1 });

  constructor(
    context: RuntimeContext,
    parts: { readonly waker: Waker; readonly publish: OutputGate; readonly tell: Tell },
  ) {
    this.#context = context;
    this.#looks = new Looks(context);
    this.#tell = parts.tell;
    this.#waker = parts.waker;
    this.#publish = parts.publish;
  }

  /** The id of the input that a key names, known without asking anybody. */
  idOfKey(ref: SessionRef, key: string): InputId {
    return derivedInputId(this.#context.sha256, ref, [key]);
  }

  /** Validates an input and gives it its identity, or says which rule it breaks. @throws input.*, id.invalid, request.* */
  prepare(ref: SessionRef, value: NewInput): PreparedInput | Rejection {
    const { inputLimits, random, clock, sha256 } = this.#context;
    const parsed = parseOrReject(value, inputLimits);
    if (parsed.kind === "rejected") return parsed;
    const { input } = parsed;
    const keyedId = input.idempotencyKey === undefined ? null : this.idOfKey(ref, input.idempotencyKey);
    const id = input.id ?? keyedId ?? (random.id("inp") as InputId);
    const timestamp = input.timestamp ?? isoOf(clock.now());
    const payload = JSON.stringify({ ...input, id, timestamp } satisfies Input);
    // UTF-8 needs at most three bytes for one UTF-16 unit: count only when it could matter.
    if (payload.length * 3 > inputLimits.payloadBytes) assertSize(payload, inputLimits.payloadBytes);
    const fingerprint = sha256(fingerprintBytes(input)).slice(0, FINGERPRINT_CHARACTERS);
    return { kind: "prepared", input, id, keyedId, fingerprint, payload };
  }

  /** Admits a prepared input; with `isAwaited` this process is told of its outcome. */
  async admit(ref: SessionRef, sent: PreparedInput | Rejection, options: AdmitOptions): Promise<Admission> {
    if (sent.kind === "rejected") return sent;
    const prepared = await this.withoutImages(ref, sent);
    if (options.minimumAck !== undefined) await this.#assertAck(options.minimumAck);
    return this.#answer(ref, await this.#send(ref, prepared, options));
  }

  /**
   * Admits what tells a session of detached work that ended. `false` when it need not be told any more, or cannot be
   * yet; in that case the ledger keeps the session due.
   */
  async tell(ref: SessionRef, input: NewInput, toldThrough: number): Promise<boolean> {
    const prepared = this.prepare(ref, input);
    if (prepared.kind === "rejected") throw new AppError("internal.bug", { details: { rejection: prepared } });
    const sent = await this.#send(ref, prepared, { isAwaited: false, toldThrough });
    if (sent.reply.kind === "not_owed") return false;
    return (await this.#answer(ref, sent)).kind === "accepted";
  }

  /** Resolves the policy again while the settings move, merges and creates what it must. */
  async #send(ref: SessionRef, prepared: PreparedInput, options: AdmitOptions): Promise<SentCommand> {
    let merge: AdmitCommand["merge"] = null;
    for (let attempt = 0; attempt < MAX_RESOLUTIONS; attempt += 1) {
      await this.planLook(ref);
      const command = this.command(ref, prepared, { ...options, merge });
      const reply = await this.#context.store.ledger.admit(command);
      if (reply.kind === "stale_settings") this.learn(ref, reply);
      else if (reply.kind === "mergeable") merge = this.#mergeOf(ref, prepared, reply);
      else if (reply.kind === "missing" && options.createWith !== undefined) await this.#create(ref, options);
      else {
        if (isUnbound(reply)) await this.#bindOrWarn(ref, command, options);
        return { command, reply };
      }
    }
    throw new AppError("store.unavailable", { message: "the session keeps changing under the admission; try again" });
  }

  /**
   * The same input, whose images are kept beside the ledger. Its fingerprint covers them as they were sent.
   *
   * @throws store.unavailable, store.limited, blob.unsupported
   */
  async withoutImages(ref: SessionRef, prepared: PreparedInput): Promise<PreparedInput> {
    if (!hasImages(prepared.input)) return prepared;
    const input = await externaliseImages(this.#context, ref, prepared.input);
    const { id, timestamp } = JSON.parse(prepared.payload) as Input;
    return { ...prepared, input, payload: JSON.stringify({ ...input, id, timestamp } satisfies Input) };
  }

  /** Plans that somebody looks at what is about to be admitted, where its session's retention needs it. */
  planLook(ref: SessionRef): Promise<void> {
    return this.#looks.plan(ref, (this.#settings.get(refKey(ref)) ?? NO_SETTINGS).settings);
  }

  /** Remembers settings that an admission was answered with. */
  learn(ref: SessionRef, known: KnownSettings): void {
    this.#settings.set(refKey(ref), known);
  }

  /** An admission of a prepared input, by what is known of its session's settings. */
  command(ref: SessionRef, prepared: PreparedInput, options: AdmitOptions): AdmitCommand {
    const { input, id, keyedId, fingerprint, payload } = prepared;
    const { revision, settings } = this.#settings.get(refKey(ref)) ?? NO_SETTINGS;
    const { redriveOf = null, toldThrough } = options;
    const maxPending = settings.pendingInputs ?? this.#context.inputLimits.pendingInputs;
    const resolved = resolvePolicy({ input, settings, isWithoutWake: options.isWithoutWake ?? false });
    const columns = redriveOf === null ? resolved : behindAll(resolved);
    const at = (time: string | undefined) => (time === undefined ? 0 : epochMsOf(time));
    return {
      ref,
      input: {
        id,
        keyedId,
        fingerprint,
        isPrompt: input.kind === "prompt",
        isEphemeral: input.durability !== "durable",
        scope: displacementScope(input, columns),
        notBeforeAt: at(input.notBefore),
        expiresAt: at(input.expiresAt),
        kind: inputKindOf(input),
        debounce: debounceOf(overlapOf(input, settings)),
        correlationId: input.correlationId ?? null,
        payload,
      },
      columns,
      merge: options.merge ?? null,
      settingsRevision: revision,
      redriveOf,
      replyTo: options.isAwaited ? this.#context.node : null,
      ...(toldThrough === undefined ? {} : { toldThrough }),
      ...(maxPending === 0 || toldThrough !== undefined ? {} : { maxPending }),
    };
  }

  /** One input of the queued one and the new one; the id follows from both, so that a repeat makes the same. */
  #mergeOf(
    ref: SessionRef,
    { payload }: PreparedInput,
    { queuedId, payload: queuedPayload }: Extract<AdmitReply, { kind: "mergeable" }>,
  ): AdmitCommand["merge"] {
    if (missingNameOf(queuedPayload) !== null) return "declined";
    const [queued, newer] = [JSON.parse(queuedPayload) as Input, JSON.parse(payload) as Input];
    const merged = mergeInputs(queued, newer, derivedInputId(this.#context.sha256, ref, [queuedId, newer.id]));
    if (merged === null) return "declined";
    const text = JSON.stringify(merged);
    const isTooLarge = encoder.encode(text).length > this.#context.inputLimits.payloadBytes;
    return isTooLarge ? "declined" : { queuedId, id: merged.id, payload: text };
  }

  async #create(ref: SessionRef, { createWith }: AcceptOptions): Promise<void> {
    const { directory } = this.#context.store;
    if (createWith !== undefined) assertBinding(createWith);
    await directory.register({ ref, binding: createWith ?? null, settings: null, mayRevive: false });
  }

  /** The input is admitted whatever comes of this; a session without an executor says so when it is asked. */
  async #bindOrWarn(ref: SessionRef, { columns }: AdmitCommand, options: AcceptOptions): Promise<void> {
    if (options.createWith === undefined) {
      if (columns.idle.wake === "none") return;
      this.#context.report({ level: "warn", phrase: "input waits for an executor", fields: { ref } });
      return;
    }
    try {
      await this.#create(ref, options);
    } catch (error) {
      this.#context.report({ level: "warn", phrase: "session not bound", fields: { ref, error } });
    }
  }

  async #assertAck(minimum: AckLevel): Promise<void> {
    if (!ACK_ORDER.includes(minimum)) {
      const message = `there is no level ${JSON.stringify(String(minimum))}; there are ${ACK_ORDER.join(", ")}`;
      throw new AppError("request.invalid", { message });
    }
    const { ack } = await this.#context.store.ping();
    if (ACK_ORDER.indexOf(ack.level) >= ACK_ORDER.indexOf(minimum)) return;
    throw new AppError("ack.unsupported", {
      message: `this store acknowledges at level ${ack.level}, not ${minimum}`,
      details: { level: ack.level, minimum },
    });
  }

  async #answer(ref: SessionRef, parts: { command: AdmitCommand; reply: AdmitReply }): Promise<Admission> {
    const { command, reply } = parts;
    if (reply.kind === "accepted") return this.accepted(ref, command, reply);
    if (reply.kind === "deduplicated") return this.#deduplicated(ref, command, reply);
    if (reply.kind === "busy") return refusalByPolicy(reply.runId);
    throw await this.refusalOf(ref, reply);
  }

  /** What an answer that admitted nothing is told as. */
  async refusalOf(ref: SessionRef, reply: Refusal): Promise<AppError> {
    return reply.kind === "refused" ? this.#refusal(ref, reply.phase) : faultOf(reply);
  }

  async #refusal(ref: SessionRef, phase: SessionPhase): Promise<AppError> {
    if (isFinalPhase(phase)) return new AppError("session.destroyed");
    const record = await this.#context.store.directory.find(ref);
    const details = { phase, legalVerbs: record === null ? [] : toSessionView(record).legalVerbs };
    return new AppError("session.not_accepting", { message: `the session is ${phase} and accepts no input`, details });
  }

  #deduplicated(
    ref: SessionRef,
    command: AdmitCommand,
    reply: Extract<AdmitReply, { kind: "deduplicated" }>,
  ): Admission {
    const { followers, cursor, ...admission } = reply;
    this.#publish({ ref, settled: [], followers, cursor });
    return { ...admission, inputId: command.input.id };
  }

  /** Tells whoever must know of an admission. */
  accepted(ref: SessionRef, command: AdmitCommand, reply: Extract<AdmitReply, { kind: "accepted" }>): Admission {
    const { displaced, followers, cursor, abort, mergedInto, wake } = reply;
    this.#publish({ ref, settled: displaced, followers, cursor });
    if (abort !== null) this.#tell(abort.node, { type: "run.abort", ref, runId: abort.runId, reason: abort.reason });
    this.#waker.signal({ ref, inputId: mergedInto ?? reply.inputId, hint: wake, isHeld: reply.column === "live" });
    return {
      kind: "accepted",
      inputId: reply.inputId,
      admission: reply.admission,
      policy: command.columns[reply.column],
      status: reply.status,
      signal: wake.signal,
      ...(mergedInto === null ? {} : { mergedInto }),
      ack: reply.ack,
    };
  }
}

/** The answer to an input whose policy refuses it while there is work. */
function refusalByPolicy(runId: RunId | null): Rejection {
  const detail = runId === null ? "the session has work queued" : `run ${runId} is in progress`;
  return { kind: "rejected", reason: "busy", detail };
}

function debounceOf(overlap: Overlap | null): AdmitCommand["input"]["debounce"] {
  if (overlap === null || typeof overlap === "string") return null;
  const { windowMs, maxWaitMs = windowMs * DEBOUNCE_MAX_WINDOWS } = overlap;
  return { windowMs, maxWaitMs };
}

function parseOrReject(
  value: NewInput,
  limits: InputLimits,
): { readonly kind: "parsed"; readonly input: ParsedInput } | Rejection {
  try {
    const input = parseNewInput(value, limits);
    const fault = findAdmissionFault(input);
    return fault === null ? { kind: "parsed", input } : { kind: "rejected", ...fault };
  } catch (error) {
    const fault = isAppError(error, "input.invalid") ? findTerminalShapeFault(value) : null;
    if (fault === null) throw error;
    return { kind: "rejected", ...fault };
  }
}

/** The decision for an input that is sent again: behind what is queued, in nobody's place, ending nobody's run. */
function behindAll(columns: PolicyColumns): PolicyColumns {
  const behind = { queue: "fifo", whenBusy: "none" } as const;
  return { ...columns, idle: { ...columns.idle, ...behind }, live: { ...columns.live, ...behind } };
}

/** Whether the input waits in a session that nobody was told to run. */
function isUnbound(reply: AdmitReply): boolean {
  return reply.kind === "accepted" && reply.wake.executor === null;
}

function assertSize(payload: string, limit: number): void {
  const bytes = encoder.encode(payload).length;
  if (bytes <= limit) return;
  throw new AppError("input.too_large", {
    message: `the input has ${bytes} bytes, the limit is ${limit}`,
    details: { bytes, limit },
  });
}

function faultOf(reply: Exclude<Refusal, { kind: "refused" }>): AppError {
  switch (reply.kind) {
    case "mismatch":
      return new AppError("idempotency.mismatch", { details: { existingId: reply.existingId } });
    case "missing":
      return new AppError("session.not_found");
    case "torn":
      return new AppError("session.torn");
    case "not_dead_letter":
      return new AppError("input.not_dead_letter", { details: { redrivenBy: reply.redrivenBy } });
    case "session_full": {
      const { pending } = reply;
      const message = `the session has ${pending} inputs waiting, and may have no more`;
      return new AppError("session.limited", { message, details: { pending, retryAfterMs: LIMITED_RETRY_MS } });
    }
    case "store_full": {
      const { usedBytes, limitBytes } = reply;
      const message = `the store uses ${usedBytes} of ${limitBytes} bytes and takes nothing new`;
      const details = { usedBytes, limitBytes, retryAfterMs: LIMITED_RETRY_MS };
      return new AppError("store.limited", { message, details });
    }
    case "stale_settings":
    case "not_owed":
    case "mergeable":
      return new AppError("internal.bug");
  }
}
