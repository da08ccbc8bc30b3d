/** What peers say, from their inbox to the answer. */
import type { Admission, NewPeerCandidate, Outcome } from "@holdfast/contracts";
import { parseNewInput, parsePeerCandidate, peerInputOf, resolvePolicy, signalFor } from "@holdfast/domain";
import { createTestInbox, peerCandidate, peerMessage, type TestInbox } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { InputView, Store } from "../../src/index.ts";
import { executor, holding } from "../support/executors.ts";
import type { OpenStage, Stage } from "./stage.ts";

export function describePeerBridge(openStage: OpenStage): void {
  describe("peer bridge", () => {
    describeMapping(openStage);
    describeResponses(openStage);
    describeAnswers(openStage);
    describeOrder(openStage);
  });
}

const response = (status: "accepted" | "completed" | "failed") =>
  ({ type: "response", inReplyTo: "req-1", status, result: { answer: 42 } }) as const;

function describeMapping(openStage: OpenStage): void {
  it("BRG-04 admits a request under its interaction's id, with what was rendered", async () => {
    const { stage, inbox } = await hosting(openStage);
    inbox.send(
      peerCandidate(
        { type: "request", intent: "review", params: { file: "a.ts" } },
        { interactionId: "int-review", renderedText: "please review a.ts" },
      ),
    );
    await stage.world.settle();

    expect(await only(stage)).toMatchObject({
      kind: "peer",
      source: { type: "peer", peerId: "scout" },
      correlationId: "int-review",
      convention: { type: "request", requestId: "int-review", intent: "review" },
      body: "please review a.ts",
      durability: "durable",
    });
  });

  it("BRG-05 admits a plain event with its source, payload, mode and metadata", async () => {
    const { stage, inbox } = await hosting(openStage);
    inbox.send(
      peerCandidate(
        { type: "message", body: "build failed" },
        {
          class: "plain_event",
          from: "event:ci",
          handlingMode: "steer",
          renderMetadata: { icon: "bell" },
          blocks: [{ type: "text", text: "log" }],
        },
      ),
    );
    await stage.world.settle();

    expect(await only(stage)).toMatchObject({
      kind: "external_event",
      source: { type: "external", sourceName: "ci" },
      eventType: "ci",
      payload: { body: "build failed" },
      handlingMode: "steer",
      renderMetadata: { icon: "bell" },
      blocks: [{ type: "text", text: "log" }],
      durability: "durable",
    });
  });

  it("BRG-12 hands the blocks of a message to the executor", async () => {
    const { stage, inbox } = await hosting(openStage);
    const said: string[] = [];
    await stage.worker(
      "worker",
      executor(async (turn) => {
        for (const input of turn.inputs) {
          for (const block of (input.kind === "peer" && input.blocks) || []) {
            if (block.type === "text") said.push(block.text);
            // An image is kept beside the ledger.
            if (block.type === "image_ref") said.push(Buffer.from(await turn.blob(block.blob)).toString());
          }
        }
        return { kind: "completed" };
      }),
    );

    inbox.send(
      peerMessage("look", {
        blocks: [
          { type: "text", text: "see the picture" },
          { type: "image", mediaType: "image/png", data: Buffer.from("hello").toString("base64") },
        ],
      }),
    );
    await stage.world.settle();

    expect(said).toEqual(["see the picture", "hello"]);
  });

  it("BRG-11 accepts what happened to peers before the drain ran, as requests, in order", async () => {
    const stage = await openStage();
    await stage.bind();
    const inbox = createTestInbox();
    const notice = (as: NewPeerCandidate["class"]) =>
      peerCandidate({ type: "request", intent: as, params: { peer: "helper" } }, { class: as });
    inbox.send(notice("peer_added"));
    inbox.send(notice("peer_retired"));

    await wish(stage, inbox);
    await stage.world.settle();

    const inputs = await inputsOf(stage);
    expect(inputs.map(({ input }) => input.kind === "peer" && input.convention)).toEqual([
      expect.objectContaining({ type: "request", intent: "peer_added" }),
      expect.objectContaining({ type: "request", intent: "peer_retired" }),
    ]);
    expect(inbox.completed).toHaveLength(2);
  });
}

function describeResponses(openStage: OpenStage): void {
  it("BRG-01 admits a completed or failed response as a durable end that wakes the session", async () => {
    for (const status of ["completed", "failed"] as const) {
      const { stage, inbox, turns } = await hostingWorker(openStage);

      inbox.send(peerCandidate(response(status)));
      await stage.world.settle();

      const [view] = await inputsOf(stage);
      expect(view?.input).toMatchObject({
        durability: "durable",
        convention: { type: "response_terminal", requestId: "req-1", status },
      });
      expect(view?.policy.wake).toBe("wake_if_idle");
      expect(turns).toHaveLength(1);
    }
  });

  it("BRG-02 CNF-07 admits an accepted response as explicit, ephemeral progress that wakes nobody", async () => {
    const { stage, inbox, turns } = await hostingWorker(openStage);

    inbox.send(peerCandidate(response("accepted"), { interactionId: "int-progress", handlingMode: "steer" }));
    await stage.world.advance(10_000);

    const [view] = await inputsOf(stage);
    expect(view?.input).toMatchObject({
      durability: "ephemeral",
      convention: { type: "response_progress", requestId: "req-1", phase: "accepted" },
    });
    expect(view).toMatchObject({ status: "queued", policy: { wake: "none" } });
    expect(turns).toEqual([]);
    expect(await stage.sender.runtime.findSession(stage.ref)).toMatchObject({ state: "attached" });
    // What wakes the session later brings the progress along.
    await stage.sender.runtime.acceptInput(stage.ref, { kind: "prompt", text: "go on" });
    await stage.world.settle();
    expect((await inputsOf(stage)).map(({ status }) => status)).toEqual(["consumed", "consumed"]);
  });

  it("BRG-03 admits one peer input for a terminal response, and no continuation beside it", async () => {
    const { stage, inbox, turns } = await hostingWorker(openStage);

    inbox.send(peerCandidate(response("completed")));
    await stage.world.settle();

    expect((await inputsOf(stage)).map(({ input }) => input.kind)).toEqual(["peer"]);
    expect(turns).toEqual([["peer"]]);
  });

  it("BRG-08 lets a steered terminal response start a turn of its own: woken at rest, without a wake while running", async () => {
    const stage = await openStage();
    await stage.bind();
    const held = holding();
    await stage.worker("worker", held.executor);
    const inbox = createTestInbox();
    await wish(stage, inbox);
    const steered = () => peerCandidate(response("completed"), { handlingMode: "steer" });

    inbox.send(steered());
    await stage.world.settle();
    expect(held.turns).toHaveLength(1);
    inbox.send(steered());
    await stage.world.settle();
    const [first, second] = await inputsOf(stage);
    held.last().answer();
    await stage.world.settle();

    expect(first?.policy).toMatchObject({ lane: "steer", wake: "wake_if_idle" });
    expect(second?.policy).toMatchObject({ lane: "steer", boundary: "run_start" });
    // It ends a wait of the running turn at most, and wakes nobody.
    expect(second?.policy).toMatchObject({ wake: "none", endsYieldingWait: true });
    expect(held.turns).toHaveLength(2);
    const input = parseNewInput(peerInputOf(parsePeerCandidate(steered(), LIMITS)));
    const { idle, live } = resolvePolicy({ input, settings: { silentIntents: [] }, isWithoutWake: false });
    expect([signalFor(idle, false), signalFor(live, true)]).toEqual(["immediate", "immediate"]);
  });

  it("BRG-13 FRM-11 runs a turn for a response that arrives after the requester has finished its own", async () => {
    const { stage, inbox, turns } = await hostingWorker(openStage);
    const asked = await stage.sender.runtime.acceptInputWithCompletion(stage.ref, { kind: "prompt", text: "ask them" });
    await stage.world.settle();
    expect(await asked.completion).toMatchObject({ kind: "completed" });

    inbox.send(peerCandidate(response("completed"), { interactionId: "int-late" }));
    await stage.world.settle();

    expect(turns).toEqual([["ask them"], ["peer"]]);
    expect((await inputsOf(stage)).map(({ status }) => status)).toEqual(["consumed", "consumed"]);
    expect(await stage.sender.runtime.findSession(stage.ref)).toMatchObject({ queued: 0, state: "attached" });
    // It went through admission like any input: announced, with its policy, and refused where others are.
    const { items } = await stage.sender.runtime.listEvents(stage.ref, { after: 0, limit: 100 });
    expect(items.filter(({ event }) => event.type === "input.accepted")).toHaveLength(2);
    const continuation = await accept(stage, { kind: "continuation", reason: "keep alive" });
    expect(continuation).toMatchObject({ kind: "accepted", policy: { executionKind: "resume_pending" } });
    await stage.sender.runtime.control(stage.ref, { verb: "retire", requestId: "req-retire" as never });
    inbox.send(peerCandidate(response("failed")));
    await stage.world.settle();
    expect(inbox.waiting()).toHaveLength(1);
    await expect(accept(stage, { kind: "continuation", reason: "keep alive" })).rejects.toMatchObject({
      code: "session.not_accepting",
    });
  });
}

function describeAnswers(openStage: OpenStage): void {
  it("FRM-07 classifies a message, admits it once and executes it, and tells its subscriber how it ended", async () => {
    const { stage, inbox, turns } = await hostingWorker(openStage);
    const told = inbox.subscribeTo("int-hello");

    inbox.send(peerMessage("hello", { interactionId: "int-hello" }));
    await stage.world.settle();

    expect(turns).toEqual([["peer"]]);
    expect((await inputsOf(stage)).map(({ status }) => status)).toEqual(["consumed"]);
    expect(told).toEqual([{ type: "interaction.completed", interactionId: "int-hello", text: "did peer" }]);
    expect(inbox.completed).toEqual(["int-hello"]);
    expect(inbox.waiting()).toEqual([]);
  });

  it("BRG-09 tells a subscriber which call is owed when the turn stopped at somebody else's tool", async () => {
    const stage = await openStage();
    await stage.bind();
    const inbox = createTestInbox();
    await wish(stage, inbox);
    const owed = { kind: "callback_pending", toolName: "browser", args: { url: "/" } };
    await stage.worker(
      "worker",
      executor(() => ({ kind: "completed" })),
      { wrap: (store) => settlingAs(store, owed) },
    );
    const told = inbox.subscribeTo("int-tool");

    inbox.send(peerMessage("open the page", { interactionId: "int-tool" }));
    await stage.world.settle();

    expect(told).toEqual([
      { type: "interaction.callback_pending", interactionId: "int-tool", toolName: "browser", args: { url: "/" } },
    ]);
    expect(inbox.completed).toEqual(["int-tool"]);
  });

  it("BRG-10 executes an envelope once, however often it is delivered, and answers each time", async () => {
    const { stage, inbox, turns } = await hostingWorker(openStage);
    const again = () => peerMessage("only once", { envelopeId: "env-same", interactionId: "int-same" });
    inbox.send(again());
    inbox.send(again());
    await stage.world.settle();

    const told = inbox.subscribeTo("int-same");
    inbox.send(again());
    await stage.world.settle();

    expect(turns).toEqual([["peer"]]);
    expect(await inputsOf(stage)).toHaveLength(1);
    expect(told).toEqual([expect.objectContaining({ type: "interaction.completed", text: "did peer" })]);
  });

  it("tells a subscriber that its interaction failed, and marks it complete although nobody takes the news", async () => {
    const { stage, inbox } = await hosting(openStage);
    const told = inbox.subscribeTo("int-a");
    inbox.subscribeTo("int-b", { send: () => new Promise(() => {}) });
    for (const interactionId of ["int-a", "int-b"]) inbox.send(peerMessage("never run", { interactionId }));
    await stage.world.settle();

    await stage.sender.runtime.control(stage.ref, { verb: "reset", requestId: "req-reset" as never });
    await stage.world.advance(4_000);
    expect(inbox.completed).toEqual(["int-a"]);
    await stage.world.advance(1_000);

    expect(told).toEqual([{ type: "interaction.failed", interactionId: "int-a", reason: "reset" }]);
    expect(inbox.completed).toEqual(["int-a", "int-b"]);
  });
}

function describeOrder(openStage: OpenStage): void {
  it("FRM-15 takes class and trust as its inbox gives them, and brings nothing in past admission", async () => {
    const { stage, inbox, turns } = await hostingWorker(openStage);
    // What a peer calls itself, or puts into a message, changes neither.
    inbox.send(peerMessage("as it was classified", { from: "event:ci" }));
    inbox.send(peerMessage("noted and no more", { class: "ack", interactionId: "int-ack" }));
    inbox.send({ ...peerMessage("forged"), trust: "operator" } as never);
    inbox.send({ ...peerMessage("no class"), class: "operator_command" } as never);
    await stage.world.settle();

    expect((await inputsOf(stage)).map(({ input }) => [input.kind, input.source])).toEqual([
      ["peer", { type: "peer", peerId: "event:ci" }],
    ]);
    expect(turns).toHaveLength(1);
    expect(inbox.waiting()).toEqual([]);
    await stage.sender.runtime.setSessionSilentIntents(stage.ref, []);
    inbox.send(peerCandidate({ type: "request", intent: "gossip" }, { class: "silent_request" }));
    await stage.world.advance(5_000);
    expect((await inputsOf(stage)).at(-1)).toMatchObject({ status: "queued", policy: { wake: "none" } });
  });

  it("FRM-18 closes a dispatched occurrence by its outcome, and gives one whose lease ended to another worker", async () => {
    const stage = await openStage();
    await stage.bind();
    const { world, ref, sender } = stage;
    const lost = holding();
    const dying = await stage.worker("dying", lost.executor);
    const at = new Date(world.clock.now() + 60_000).toISOString();
    const dispatched = await sender.runtime.acceptInputWithCompletion(ref, {
      kind: "external_event",
      source: { type: "external", sourceName: "scheduler" },
      eventType: "nightly",
      payload: {},
      notBefore: at,
      idempotencyKey: "nightly-1" as never,
    });
    let outcome: Outcome | null = null;
    void dispatched.completion?.then((ended) => {
      outcome = ended;
    });
    await world.advance(59_000);
    expect(lost.turns).toEqual([]);
    await world.advance(3_000);
    expect(lost.turns).toHaveLength(1);

    dying.kill();
    await stage.worker(
      "heir",
      executor(() => ({ kind: "completed", output: "done" })),
    );
    await world.advance(20_000);

    expect(outcome).toMatchObject({ kind: "completed", output: "done" });
    expect((await inputsOf(stage))[0]).toMatchObject({ status: "consumed", attempts: 2, losses: 1 });
  });
}

/** A store whose committed inputs ended so, as far as their waiters hear. */
function settlingAs(store: Store, outcome: object): Store {
  return {
    ...store,
    ledger: {
      ...store.ledger,
      advance: async (command) => {
        const reply = await store.ledger.advance(command);
        if (reply.kind !== "committed") return reply;
        return { ...reply, settled: reply.settled.map((settled) => ({ ...settled, outcome: outcome as Outcome })) };
      },
    },
  };
}

const LIMITS = { payloadBytes: 1_048_576, depth: 64 };

/** A bound session that nobody runs, with an inbox that is drained. */
async function hosting(openStage: OpenStage): Promise<{ stage: Stage; inbox: TestInbox }> {
  const stage = await openStage();
  await stage.bind();
  const inbox = createTestInbox();
  await wish(stage, inbox);
  await stage.world.settle();
  return { stage, inbox };
}

/** The same with a worker; `turns` are the inputs of each turn. */
async function hostingWorker(openStage: OpenStage) {
  const { stage, inbox } = await hosting(openStage);
  const turns: string[][] = [];
  await stage.worker(
    "worker",
    executor((turn) => {
      const said = turn.inputs.map((input) => (input.kind === "prompt" ? input.text : input.kind));
      turns.push(said);
      return { kind: "completed", output: `did ${said.join(",")}` };
    }),
  );
  return { stage, inbox, turns };
}

function wish({ sender, ref }: Stage, inbox: TestInbox): Promise<boolean> {
  return sender.runtime.updatePeerIngressContext(ref, { keepAlive: true, comms: inbox });
}

function accept({ sender, ref }: Stage, input: Parameters<typeof sender.runtime.acceptInput>[1]): Promise<Admission> {
  return sender.runtime.acceptInput(ref, input);
}

async function inputsOf({ sender, ref }: Stage): Promise<readonly InputView[]> {
  return (await sender.runtime.listInputs(ref, { after: 0, limit: 100 })).items;
}

async function only(stage: Stage): Promise<InputView["input"]> {
  const [view, ...others] = await inputsOf(stage);
  expect(others).toEqual([]);
  return view?.input as InputView["input"];
}
