/** What can be sent: how it is read, and what is refused. */
import {
  type InputId,
  isAppError,
  type NewInput,
  type Origin,
  type PeerConvention,
  type RequestId,
} from "@holdfast/contracts";
import {
  backgroundCompletion,
  executionKindOf,
  findTransition,
  parseNewInput,
  resolvePolicy,
  SESSION_TABLE,
} from "@holdfast/domain";
import { describe, expect, it } from "vitest";
import { holding, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ALL = { after: 0, limit: 100 };
const system: Origin = { type: "system" };
const flow: Origin = { type: "flow", flowId: "f", stepIndex: 0 };

const conventions: Readonly<Record<PeerConvention["type"], PeerConvention>> = {
  message: { type: "message" },
  request: { type: "request", requestId: "r", intent: "ask" },
  response_progress: { type: "response_progress", requestId: "r", phase: "in_progress" },
  response_terminal: { type: "response_terminal", requestId: "r", status: "completed" },
};

const promptInput: NewInput = { kind: "prompt", text: "hello" };
const peer = (type: PeerConvention["type"]): NewInput => ({ kind: "peer", body: "hi", convention: conventions[type] });
const flowStep: NewInput = { kind: "flow_step", stepId: "s", instructions: "go" };
const externalEvent: NewInput = { kind: "external_event", eventType: "mail", payload: {} };
const operation: NewInput = { kind: "operation", operationId: "op", event: { type: "completed" } };

/** Proves the scenarios of input model and validation on a store. */
export function describeInputs(openStage: OpenStage): void {
  describe("input model", () => {
    describeModel(openStage);
  });
  describe("durability", () => {
    describeDurability(openStage);
  });
  describe("validation", () => {
    describeValidation(openStage);
  });
}

async function bound(openStage: OpenStage): Promise<Stage> {
  const stage = await openStage();
  await stage.bind();
  return stage;
}

async function inputsOf({ sender, ref }: Stage) {
  return (await sender.runtime.listInputs(ref, ALL)).items;
}

function describeModel(openStage: OpenStage): void {
  it.each([
    ["system_generated", { reason: "more to do" }, "continuation", "queued"],
    ["projected", { operationId: "op", event: { type: "completed" } }, "operation", "consumed"],
  ])("INP-02 a record tagged %s by an older producer is read as what it is called now", async (...record) => {
    const [tag, fields, kind, status] = record;
    const stage = await bound(openStage);

    const admission = await stage.sender.runtime.acceptInput(stage.ref, { kind: tag, ...fields } as object as NewInput);

    expect(admission).toMatchObject({ kind: "accepted", status });
    expect(await inputsOf(stage)).toMatchObject([{ input: { kind, ...fields } }]);
  });

  it("INP-04 blocks hidden in the payload of an external event move to its own field", async () => {
    const stage = await bound(openStage);
    const blocks = [{ type: "text", text: "rain" }];
    const sent = { ...externalEvent, payload: { body: "x", blocks } } as NewInput;

    await stage.sender.runtime.acceptInput(stage.ref, sent);

    const [stored] = await inputsOf(stage);
    expect(stored?.input).toMatchObject({ blocks });
    expect(stored?.input).toHaveProperty("payload", { body: "x" });
  });

  it.each([
    ["a prompt", promptInput],
    ["a peer message", peer("message")],
    ["a terminal response", peer("response_terminal")],
    ["a steered terminal response", { ...peer("response_terminal"), handlingMode: "steer" } as NewInput],
    ["an operation", operation],
  ])("INP-05 %s is a content turn, by its policy and as a batch", (_name, sent) => {
    const input = parseNewInput(sent);
    const { idle, live } = resolvePolicy({ input, settings: { silentIntents: [] }, isWithoutWake: false });

    expect([idle.executionKind, live.executionKind, executionKindOf([input])]).toEqual(
      Array.from({ length: 3 }, () => "content_turn"),
    );
  });

  it.each([
    ["a prompt", promptInput],
    ["a peer message", peer("message")],
    ["a terminal response", peer("response_terminal")],
    ["a steered terminal response", { ...peer("response_terminal"), handlingMode: "steer" } as NewInput],
    ["an operation", operation],
  ])("INP-05 %s is admitted as a content turn, at rest and during a run, and run as one", async (_name, sent) => {
    const stage = await bound(openStage);
    const { sender, ref, world } = stage;
    const host = holding();
    const admitted = [await sender.runtime.acceptInput(ref, sent)];
    await sender.runtime.acceptInput(ref, promptInput);
    await stage.worker("worker", host.executor);
    await world.settle();
    admitted.push(await sender.runtime.acceptInput(ref, sent));

    expect(admitted).toMatchObject([1, 2].map(() => ({ kind: "accepted", policy: { executionKind: "content_turn" } })));
    expect(host.last().turn.primitive).toMatchObject({ executionKind: "content_turn" });
    expect(host.last().turn.inputs[0]?.kind).toBe(sent === operation ? "prompt" : sent.kind);
  });

  it("INP-07 the continuation of completed background work is derived, of the system, unseen, and steers", async () => {
    const stage = await bound(openStage);

    const admission = await stage.sender.runtime.acceptInput(stage.ref, backgroundCompletion());

    expect(admission).toMatchObject({ kind: "accepted", policy: { lane: "steer", isTranscriptRecorded: false } });
    expect(await inputsOf(stage)).toMatchObject([
      {
        input: {
          kind: "continuation",
          durability: "derived",
          source: { type: "system" },
          visibility: { isTranscriptEligible: false, isOperatorEligible: false },
          handlingMode: "steer",
        },
      },
    ]);
  });
}

function describeDurability(openStage: OpenStage): void {
  async function rejectedBy(sent: readonly NewInput[]): Promise<unknown[]> {
    const stage = await bound(openStage);
    const answers = await Promise.all(sent.map((input) => stage.sender.runtime.acceptInput(stage.ref, input)));
    expect(await inputsOf(stage)).toEqual([]);
    return answers.map((answer) => (answer.kind === "rejected" ? answer.reason : answer.kind));
  }

  async function acceptedBy(sent: readonly NewInput[]): Promise<void> {
    const stage = await bound(openStage);
    const answers = await Promise.all(sent.map((input) => stage.sender.runtime.acceptInput(stage.ref, input)));
    expect(answers.map(({ kind }) => kind)).toEqual(sent.map(() => "accepted"));
    expect(await inputsOf(stage)).toHaveLength(sent.length);
  }

  const derived = (input: NewInput, source: Origin): NewInput => ({ ...input, source, durability: "derived" });

  it("VAL-01 a derived prompt of the operator is rejected as a durability violation, and leaves no record", async () => {
    expect(await rejectedBy([derived(promptInput, { type: "operator" })])).toEqual(["durability_violation"]);
  });

  it("VAL-03 a derived external event or operation of the system is accepted", async () => {
    await acceptedBy([derived(externalEvent, system), derived(operation, system)]);
  });

  it.each([
    ["system", system],
    ["flow", flow],
  ])("VAL-04 what somebody waits for is never derived, not even of origin %s", async (_name, source) => {
    const kinds = [promptInput, peer("message"), peer("request"), peer("response_terminal"), flowStep];

    const reasons = await rejectedBy(kinds.map((input) => derived(input, source)));

    expect(reasons).toEqual(kinds.map(() => "durability_violation"));
  });

  it("VAL-05 a derived progress report is accepted of an origin within the system", async () => {
    await acceptedBy([derived(peer("response_progress"), system), derived(peer("response_progress"), flow)]);
  });

  it.each(["durable", "ephemeral"] as const)("VAL-06 any kind may be %s, of any origin", async (durability) => {
    const peers = Object.values(conventions).map((convention): NewInput => ({ kind: "peer", body: "x", convention }));
    const kinds = [promptInput, { kind: "peer", body: "x" } as NewInput, ...peers, flowStep, externalEvent, operation];
    const origins: Origin[] = [{ type: "operator" }, { type: "peer", peerId: "p" }, system];

    await acceptedBy(origins.flatMap((source) => kinds.map((input) => ({ ...input, source, durability }))));
  });
}

function describeValidation(openStage: OpenStage): void {
  it.each(["queue", "steer"] as const)("VAL-07 a progress report cannot ask for the mode %s", async (handlingMode) => {
    const stage = await bound(openStage);
    const report = { ...peer("response_progress"), handlingMode } as NewInput;

    expect(await stage.sender.runtime.acceptInput(stage.ref, report)).toMatchObject({
      kind: "rejected",
      reason: "peer_handling_mode_invalid",
    });
    expect(await inputsOf(stage)).toEqual([]);
  });

  it.each(["queue", "steer"] as const)("VAL-08 any other peer input may ask for the mode %s", async (handlingMode) => {
    const stage = await bound(openStage);
    const kinds = [
      peer("response_terminal"),
      peer("message"),
      peer("request"),
      { kind: "peer", body: "x" } as NewInput,
    ];

    for (const input of kinds) {
      const sent = { ...input, handlingMode } as NewInput;
      expect(await stage.sender.runtime.acceptInput(stage.ref, sent)).toMatchObject({
        kind: "accepted",
        policy: { lane: handlingMode },
      });
    }
  });

  it.each([
    ["retire", { code: "session.not_accepting", details: { phase: "retired" } }],
    ["stop", { code: "session.not_accepting", details: { phase: "stopped" } }],
    ["destroy", { code: "session.destroyed" }],
  ] as const)("VAL-09 after %s nothing is taken, and the error says where the session stands", async (verb, error) => {
    const stage = await bound(openStage);
    const { sender, ref } = stage;
    await sender.runtime.control(ref, { verb, requestId: "req_end000001" as RequestId });

    expect(await rejection(sender.runtime.acceptInput(ref, promptInput))).toMatchObject(error);
    if (verb !== "destroy") expect(await inputsOf(stage)).toEqual([]);
  });

  it("VAL-09 a session that recovers takes nothing either: its machine refuses", () => {
    const admit = (state: string) => findTransition(SESSION_TABLE.rows, { state, event: "input.admit", bits: "" });

    expect(admit("recovering")).toBeNull();
    expect(admit("idle")).not.toBeNull();
  });

  it.each([
    ["says cancelled", { status: "cancelled" }],
    ["has no request", { requestId: "" }],
    ["says something unknown", { status: "perhaps" }],
    ["says nothing", { status: undefined }],
  ])("VAL-11 a terminal response that %s is rejected with a reason of its own", async (_name, fields) => {
    const stage = await bound(openStage);
    const convention = { ...conventions.response_terminal, ...fields };
    const sent = { kind: "peer", body: "x", convention } as object as NewInput;

    const { admission, completion } = await stage.sender.runtime.acceptInputWithCompletion(stage.ref, sent);

    expect(admission).toMatchObject({ kind: "rejected", reason: "peer_terminal_invalid" });
    expect(completion).toBeNull();
    expect(await inputsOf(stage)).toEqual([]);
  });

  it("VAL-12 an id that the ledger has is neither overwritten nor accepted a second time", async () => {
    const stage = await bound(openStage);
    const { sender, ref } = stage;
    const id = "inp_sent00000001" as InputId;
    await sender.runtime.acceptInput(ref, { ...promptInput, id });
    await stage.worker("worker", recording());
    await stage.world.settle();
    const before = await inputsOf(stage);

    const again = await sender.runtime.acceptInput(ref, { ...promptInput, id });
    const other = await rejection(sender.runtime.acceptInput(ref, { kind: "prompt", text: "other", id }));

    expect(again).toMatchObject({ kind: "deduplicated", existingId: id, status: "consumed" });
    expect(isAppError(other, "idempotency.mismatch")).toBe(true);
    expect(await inputsOf(stage)).toEqual(before);
    expect(before).toMatchObject([{ inputId: id, attempts: 1 }]);
  });
}
