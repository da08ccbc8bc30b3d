/** What is decided about an input when it is admitted, and that it stays decided. */
import type { KindId, NewInput, PolicyDecision, SessionSettings } from "@holdfast/contracts";
import { parseNewInput, policyRowOf, type RequestedMode, resolvePolicy } from "@holdfast/domain";
import { describe, expect, it } from "vitest";
import { executor, type HeldExecutor, holding } from "../support/executors.ts";
import type { OpenStage, Stage } from "./stage.ts";

const START: Partial<PolicyDecision> = {
  apply: "stage_run_start",
  boundary: "run_start",
  queue: "fifo",
  consume: "on_run_complete",
  drain: "queue_next_turn",
  routing: "queue",
  lane: "queue",
  isTranscriptRecorded: true,
};
const STEER: Partial<PolicyDecision> = {
  ...START,
  apply: "stage_run_boundary",
  boundary: "run_checkpoint",
  drain: "steer_batch",
  routing: "steer",
  lane: "steer",
};
const WAKES: Partial<PolicyDecision> = { wake: "wake_if_idle" };
const RESTS: Partial<PolicyDecision> = { wake: "none" };
/** Waits its turn; only a run that waits of its own accord is told that somebody is there. */
const YIELDS: Partial<PolicyDecision> = { ...RESTS, endsYieldingWait: true };

const request = (intent: string): NewInput => {
  return { kind: "peer", body: "x", convention: { type: "request", requestId: "r", intent } };
};
const message: NewInput = { kind: "peer", body: "x", convention: { type: "message" } };
const terminal: NewInput = {
  kind: "peer",
  body: "x",
  convention: { type: "response_terminal", requestId: "r", status: "completed" },
};
const progress: NewInput = {
  kind: "peer",
  body: "x",
  convention: { type: "response_progress", requestId: "r", phase: "in_progress" },
};
const prompt: NewInput = { kind: "prompt", text: "x" };

/** Proves the scenarios of policy on a store. */
export function describePolicies(openStage: OpenStage): void {
  describe("policy by kind", () => {
    describeKinds();
    describeAdmitted(openStage);
  });
  describe("policy by mode", () => {
    describeModes(openStage);
  });
  describe("silent intents", () => {
    describeSilence(openStage);
  });
  describe("policy of a session", () => {
    describeSessions(openStage);
  });
}

/** Both columns of a kind that asks for nothing. */
function byKind(kind: KindId | "tool_callback", mode: RequestedMode = "none") {
  const { both, idle, live } = policyRowOf(kind, mode);
  return { idle: { ...both, ...idle }, live: { ...both, ...live } };
}

function resolve(input: NewInput, settings: SessionSettings = { silentIntents: [] }) {
  return resolvePolicy({ input: parseNewInput(input), settings, isWithoutWake: false });
}

function describeKinds(): void {
  it.each<[string, KindId, Partial<PolicyDecision>, Partial<PolicyDecision>]>([
    ["POL-01 a prompt starts a run, and wakes at rest only", "prompt", WAKES, RESTS],
    ["POL-02 a peer message waits for the run after the current one", "peer_message", WAKES, YIELDS],
    ["POL-03 a peer request waits for the run after the current one", "peer_request", WAKES, YIELDS],
    ["POL-06 a flow step starts a run, and wakes at rest only", "flow_step", WAKES, RESTS],
    ["POL-07 an external event starts a run, and wakes at rest only", "external_event", WAKES, RESTS],
  ])("%s", (_title, kind, idle, live) => {
    expect(byKind(kind)).toMatchObject({ idle: { ...START, ...idle }, live: { ...START, ...live } });
  });

  it("POL-04 a progress report coalesces in the steer lane and never wakes, at rest as during a run", () => {
    const { idle, live } = byKind("peer_response_progress");

    expect(live).toMatchObject({ ...STEER, ...RESTS, queue: "coalesce" });
    // At rest there is no run whose boundary it could wait for: whichever begins next has it from its start.
    expect(idle).toEqual({ ...live, boundary: "run_start" });
  });

  it("POL-08 a continuation steers, and is no part of the transcript", () => {
    const expected = { ...STEER, isTranscriptRecorded: false, executionKind: "resume_pending" };

    expect(byKind("continuation")).toMatchObject({
      idle: { ...expected, ...WAKES },
      live: { ...expected, ...YIELDS },
    });
  });

  it("POL-09 an operation is consumed as it is accepted, and does nothing else", () => {
    const expected = {
      apply: "ignore",
      wake: "none",
      queue: "priority",
      consume: "on_accept",
      routing: "drop",
      isTranscriptRecorded: false,
    };

    expect(byKind("operation")).toMatchObject({ idle: expected, live: expected });
  });

  it("POL-14 a kind that nobody knows waits its turn and never wakes", () => {
    expect(byKind("tool_callback")).toMatchObject({ idle: { ...START, ...RESTS }, live: { ...START, ...RESTS } });
  });
}

/** A bound session, at rest or with a run in progress. */
function describeAdmitted(openStage: OpenStage): void {
  it.each([false, true])(
    "POL-01 POL-02 POL-03 POL-04 POL-06 POL-07 POL-09 is what an admission answers with (with a run: %s)",
    async (isRunning) => {
      const stage = await staged(openStage, isRunning);
      // A continuation is never admitted without a mode: its kind alone decides nothing.
      const kinds: readonly [KindId, NewInput][] = [
        ["prompt", prompt],
        ["peer_message", message],
        ["peer_request", request("ask")],
        ["peer_response_progress", progress],
        ["flow_step", { kind: "flow_step", stepId: "s", instructions: "go" }],
        ["external_event", { kind: "external_event", eventType: "mail", payload: {} }],
        ["operation", { kind: "operation", operationId: "op", event: { type: "completed" } }],
      ];

      for (const [kind, input] of kinds) {
        const row = byKind(kind)[isRunning ? "live" : "idle"];
        expect([kind, await policyOf(stage, input)]).toMatchObject([kind, row]);
      }
    },
  );
}

async function staged(openStage: OpenStage, isRunning: boolean): Promise<Stage & { readonly held: HeldExecutor }> {
  const stage = await openStage();
  const held = holding();
  await stage.bind();
  if (!isRunning) return { ...stage, held };
  await stage.worker("worker", held.executor);
  await stage.sender.runtime.acceptInput(stage.ref, prompt);
  await stage.world.settle();
  expect(held.turns).toHaveLength(1);
  return { ...stage, held };
}

async function policyOf({ sender, ref }: Stage, input: NewInput): Promise<PolicyDecision> {
  const admission = await sender.runtime.acceptInput(ref, input);
  if (admission.kind !== "accepted") throw new Error(`the input was ${admission.kind}`);
  return admission.policy;
}

function describeModes(openStage: OpenStage): void {
  it.each([false, true])(
    "POL-10 a steered peer message waits in the steer lane (with a run: %s)",
    async (isRunning) => {
      const stage = await staged(openStage, isRunning);

      const policy = await policyOf(stage, { ...message, handlingMode: "steer" } as NewInput);

      expect(policy).toMatchObject({ apply: "stage_run_boundary", lane: "steer", drain: "steer_batch" });
    },
  );

  it("POL-12 a mode on a progress report changes nothing when the resolver is asked directly", () => {
    for (const handlingMode of ["queue", "steer"] as const) {
      expect(resolve({ ...progress, handlingMode } as NewInput)).toEqual(resolve(progress));
      expect(byKind("peer_response_progress", handlingMode)).toEqual(byKind("peer_response_progress"));
    }
  });

  it.each([false, true])(
    "POL-13 a prompt whose metadata says steer waits in the steer lane (with a run: %s)",
    async (isRunning) => {
      const stage = await staged(openStage, isRunning);

      const policy = await policyOf(stage, { ...prompt, turnMetadata: { handlingMode: "steer" } } as NewInput);

      expect(policy).toMatchObject(STEER);
    },
  );

  it.each([terminal, { ...terminal, handlingMode: "queue" } as NewInput])(
    "POL-20 a terminal response during a run has the next one begin right after it: %j",
    async (input) => {
      const stage = await staged(openStage, true);

      const policy = await policyOf(stage, input);

      expect(policy).toMatchObject({ ...START, ...WAKES });
      stage.held.last().answer();
      await stage.world.settle();
      expect(stage.held.last().turn.inputs).toMatchObject([{ kind: "peer" }]);
      expect(stage.held.turns).toHaveLength(2);
    },
  );

  it("POL-21 a steered peer message wakes a session at rest and gets a full turn", async () => {
    const stage = await staged(openStage, false);
    await stage.worker("worker", stage.held.executor);

    const admission = await stage.sender.runtime.acceptInput(stage.ref, {
      ...message,
      handlingMode: "steer",
    } as NewInput);
    await stage.world.settle();

    expect(admission).toMatchObject({ policy: WAKES, signal: "immediate" });
    expect(stage.held.last().turn.primitive).toMatchObject({ boundary: "run_start", executionKind: "content_turn" });
  });
}

function describeSilence(openStage: OpenStage): void {
  const silent = async (intents: readonly string[]): Promise<Stage & { readonly texts: string[] }> => {
    const stage = await openStage();
    const texts: string[] = [];
    await stage.bind();
    await stage.sender.runtime.setSessionSilentIntents(stage.ref, intents);
    await stage.worker(
      "worker",
      executor(({ inputs }) => {
        texts.push(inputs.map((input) => input.kind).join());
        return { kind: "completed" };
      }),
    );
    return { ...stage, texts };
  };

  it.each([undefined, "steer"] as const)(
    "POL-15 a request with a silent intent is queued and wakes nobody (mode %s)",
    async (handlingMode) => {
      const stage = await silent(["presence"]);
      const sent = { ...request("presence"), ...(handlingMode === undefined ? {} : { handlingMode }) } as NewInput;

      const admission = await stage.sender.runtime.acceptInput(stage.ref, sent);
      await stage.world.advance(10_000);

      const policy = { wake: "none", apply: "stage_run_start" };
      expect(admission).toMatchObject({ kind: "accepted", status: "queued", signal: "none", policy });
      expect(stage.texts).toEqual([]);
      await stage.sender.runtime.acceptInput(stage.ref, prompt);
      await stage.world.settle();
      expect(stage.texts.join()).toBe("peer,prompt");
    },
  );

  it("POL-16 another intent, a message and a prompt are untouched by silent intents", async () => {
    const stage = await silent(["presence"]);

    for (const input of [request("Presence"), request("presence.now"), message, prompt]) {
      expect(await policyOf(stage, input)).toEqual(resolve(input).idle);
      await stage.world.settle();
    }
    expect(stage.texts).toEqual(["peer", "peer", "peer", "prompt"]);
  });

  it("POL-17 an empty list silences nothing", async () => {
    const stage = await silent([]);

    expect(await policyOf(stage, request("presence"))).toMatchObject({ ...START, ...WAKES });
    await stage.world.settle();
    expect(stage.texts).toEqual(["peer"]);
  });
}

function describeSessions(openStage: OpenStage): void {
  it("POL-18 an attached session counts as one at rest", async () => {
    const stage = await staged(openStage, false);
    expect(await stage.sender.runtime.findSession(stage.ref)).toMatchObject({ state: "attached" });

    expect(await policyOf(stage, prompt)).toMatchObject({ ...START, ...WAKES });
  });
}
