/**
 * What a session can be asked to do: six variants under one header.
 *
 * `NewInput` is what a caller sends; `Input` is the validated, complete form
 * that the ledger keeps and the executor gets. A variant carries only the
 * fields that exist for it.
 */
import * as z from "zod";
import { IdempotencyKey, InputId } from "./ids.ts";
import { Overlap } from "./overlap.ts";

/** Which lane an input asks for; absent means the default of its kind. */
export const HandlingMode = z.enum(["queue", "steer"]);
/** See {@link HandlingMode}. */
export type HandlingMode = z.infer<typeof HandlingMode>;

/** Who produced an input. */
export const Origin = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("operator") }),
  z.strictObject({ type: z.literal("peer"), peerId: z.string().min(1).max(256), runtimeId: z.string().optional() }),
  z.strictObject({ type: z.literal("flow"), flowId: z.string().min(1).max(256), stepIndex: z.int().nonnegative() }),
  z.strictObject({ type: z.literal("system") }),
  z.strictObject({ type: z.literal("external"), sourceName: z.string().max(256) }),
]);
/** See {@link Origin}. */
export type Origin = z.infer<typeof Origin>;

/** `durable` survives everything; `ephemeral` and `derived` may be dropped, and are reported, when a holder dies. */
export const Durability = z.enum(["durable", "ephemeral", "derived"]);
/** See {@link Durability}. */
export type Durability = z.infer<typeof Durability>;

/** One block of content; images may refer to a blob instead of carrying bytes. */
export const ContentBlock = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("image"), mediaType: z.string().max(128), data: z.base64() }),
  z.strictObject({ type: z.literal("image_ref"), mediaType: z.string().max(128), blob: z.string().max(256) }),
]);
/** See {@link ContentBlock}. */
export type ContentBlock = z.infer<typeof ContentBlock>;

/** How to render an input, opaque to the runtime. */
export const RenderMetadata = z.record(z.string(), z.json());
/** See {@link RenderMetadata}. */
export type RenderMetadata = z.infer<typeof RenderMetadata>;

/** Whether the model sees new content, or only continues. */
export const ExecutionKind = z.enum(["content_turn", "resume_pending"]);
/** See {@link ExecutionKind}. */
export type ExecutionKind = z.infer<typeof ExecutionKind>;

/** Wishes of an input about the turn it becomes part of. */
export const TurnMetadata = z.strictObject({
  handlingMode: HandlingMode.optional(),
  keepAlive: z.boolean().optional(),
  skillReferences: z.array(z.string()).optional(),
  flowToolOverlay: z.json().optional(),
  additionalInstructions: z.array(z.string()).optional(),
  model: z.string().optional(),
  provider: z.string().optional(),
  providerParams: z.json().optional(),
  renderMetadata: RenderMetadata.optional(),
  executionKind: ExecutionKind.optional(),
});
/** See {@link TurnMetadata}. */
export type TurnMetadata = z.infer<typeof TurnMetadata>;

/** How a peer speaks to this session. */
export const PeerConvention = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("message") }),
  z.strictObject({ type: z.literal("request"), requestId: z.string().min(1), intent: z.string() }),
  z.strictObject({
    type: z.literal("response_progress"),
    requestId: z.string().min(1),
    phase: z.enum(["accepted", "in_progress", "partial_result"]),
  }),
  z.strictObject({
    type: z.literal("response_terminal"),
    requestId: z.string().min(1),
    status: z.enum(["completed", "failed", "cancelled"]),
  }),
]);
/** See {@link PeerConvention}. */
export type PeerConvention = z.infer<typeof PeerConvention>;

/** What happened to a background operation; announced to the session, consumed on admission. */
export const OperationEvent = z.strictObject({
  type: z.enum([
    "provisioned",
    "peer_ready",
    "progress",
    "completed",
    "failed",
    "cancelled",
    "aborted",
    "retired",
    "terminated",
  ]),
  data: z.json().optional(),
});
/** See {@link OperationEvent}. */
export type OperationEvent = z.infer<typeof OperationEvent>;

/** Why an input exists; what a run does is attributed to what its whole batch shares. */
export const Causality = z.strictObject({
  /** The exchange it belongs to; the interaction of peer traffic. */
  correlationId: z.string().min(1).max(128).optional(),
  /** What led to it: an input, a run, an event. */
  causationId: z.string().min(1).max(128).optional(),
  /** The goal it serves. */
  objectiveId: z.string().min(1).max(128).optional(),
});
/** See {@link Causality}. */
export type Causality = z.infer<typeof Causality>;

const Header = {
  ...Causality.shape,
  /** Longest 128 bytes so that a key of it stays small. */
  supersessionKey: z.string().min(1).max(128).optional(),
  /** W3C trace context of the sender; not part of the payload's identity. */
  traceparent: z.string().max(128).optional(),
  /** Free for the sender; handed to the executor unchanged. */
  metadata: z.record(z.string(), z.json()).optional(),
  /** Earliest time of the first attempt. */
  notBefore: z.iso.datetime({ offset: true }).optional(),
  /** An input that was not staged by then ends as `abandoned{expired}`. Later than `notBefore`. */
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  /** What it does to work that is already there; absent means the session's default, or its handling mode. */
  overlap: Overlap.optional(),
};

const Visibility = z.strictObject({
  isTranscriptEligible: z.boolean().default(true),
  isOperatorEligible: z.boolean().default(true),
});

const NewHeader = {
  ...Header,
  id: InputId.optional(),
  idempotencyKey: IdempotencyKey.optional(),
  timestamp: z.iso.datetime({ offset: true }).optional(),
  source: Origin.default({ type: "operator" }),
  durability: Durability.default("durable"),
  visibility: Visibility.prefault({}),
};

const Blocks = z.array(ContentBlock).max(1_000).optional();

/** What a caller sends. Defaults: from the operator, durable, visible, lane of its kind. */
export const NewInput = z.discriminatedUnion("kind", [
  z.strictObject({
    ...NewHeader,
    kind: z.literal("prompt"),
    text: z.string(),
    blocks: Blocks,
    turnMetadata: TurnMetadata.optional(),
  }),
  z.strictObject({
    ...NewHeader,
    kind: z.literal("peer"),
    convention: PeerConvention.optional(),
    body: z.string(),
    blocks: Blocks,
    handlingMode: HandlingMode.optional(),
  }),
  z.strictObject({
    ...NewHeader,
    kind: z.literal("flow_step"),
    stepId: z.string().min(1).max(256),
    instructions: z.string(),
    blocks: Blocks,
    turnMetadata: TurnMetadata.optional(),
  }),
  z.strictObject({
    ...NewHeader,
    kind: z.literal("external_event"),
    eventType: z.string().min(1).max(256),
    payload: z.json(),
    blocks: Blocks,
    handlingMode: HandlingMode.default("queue"),
    renderMetadata: RenderMetadata.optional(),
  }),
  z.strictObject({
    ...NewHeader,
    kind: z.literal("continuation"),
    reason: z.string().min(1).max(1_024),
    handlingMode: HandlingMode.default("queue"),
    requestId: z.string().min(1).max(256).optional(),
  }),
  z.strictObject({
    ...NewHeader,
    kind: z.literal("operation"),
    operationId: z.string().min(1).max(256),
    event: OperationEvent,
  }),
]);
/** See {@link NewInput}. */
export type NewInput = z.input<typeof NewInput>;

/** A validated input with every default filled in, before it has an id and a time. */
export type ParsedInput = z.output<typeof NewInput>;

/** Where an input comes from that nobody sent as it is. */
export interface InputLineage {
  readonly type: "merged";
  /** The inputs whose content it carries, in the order of admission. */
  readonly sources: readonly InputId[];
}

/** An input as the ledger keeps it. */
export type Input = ParsedInput & {
  readonly id: InputId;
  readonly timestamp: string;
  readonly lineage?: InputLineage;
};

/** The variants of {@link NewInput}. */
export type InputVariant = ParsedInput["kind"];

/** The variants, as data. */
export const INPUT_VARIANTS = [
  "prompt",
  "peer",
  "flow_step",
  "external_event",
  "continuation",
  "operation",
] as const satisfies readonly InputVariant[];

/** What policy, supersession and rendering go by: the variant, with the peer conventions told apart. */
export const KindId = z.enum([
  "prompt",
  "peer_message",
  "peer_request",
  "peer_response_progress",
  "peer_response_terminal",
  "flow_step",
  "external_event",
  "continuation",
  "operation",
]);
/** See {@link KindId}. */
export type KindId = z.infer<typeof KindId>;
