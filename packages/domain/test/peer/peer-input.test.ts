import { type NewPeerCandidate, PeerCandidate, PeerClass } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { findAdmissionFault, parseNewInput, peerInputOf, peerRouteOf } from "../../src/index.ts";

type Interaction = NewPeerCandidate["interaction"];

function candidate(as: PeerClass, interaction: Partial<Interaction> & Pick<Interaction, "content">): PeerCandidate {
  return PeerCandidate.parse({
    envelopeId: "env-1",
    class: as,
    interaction: { interactionId: "int-1", from: "scout", ...interaction },
  });
}

const message = { type: "message", body: "raw" } as const;
const request = { type: "request", intent: "review", params: { b: 1, a: { c: 2 } } } as const;
const response = (status: "accepted" | "completed" | "failed") =>
  ({ type: "response", inReplyTo: "int-0", status, result: { ok: true } }) as const;

describe("the input of a peer's message", () => {
  it("is named by its envelope and correlated by its interaction, whatever it is", () => {
    for (const as of PeerClass.options) {
      const input = peerInputOf(candidate(as, { content: response("completed") }));

      expect(input).toMatchObject({ idempotencyKey: "env-1", correlationId: "int-1" });
    }
  });

  it("comes from the sender, says what is rendered before what is raw, and keeps its blocks", () => {
    const blocks = [{ type: "text" as const, text: "more" }];

    expect(peerInputOf(candidate("actionable_message", { content: message, blocks }))).toMatchObject({
      kind: "peer",
      source: { type: "peer", peerId: "scout" },
      durability: "durable",
      convention: { type: "message" },
      body: "raw",
      blocks,
    });
    expect(peerInputOf(candidate("actionable_message", { content: message, renderedText: "rendered" }))).toMatchObject({
      body: "rendered",
    });
  });

  it("asks under the interaction's id; without a rendering its body is the parameters as JSON", () => {
    expect(peerInputOf(candidate("actionable_request", { content: request }))).toMatchObject({
      convention: { type: "request", requestId: "int-1", intent: "review" },
      body: '{"a":{"c":2},"b":1}',
    });
  });

  it("ends the request that a response names, with its status, durably", () => {
    for (const status of ["completed", "failed"] as const) {
      expect(peerInputOf(candidate("response", { content: response(status) }))).toMatchObject({
        durability: "durable",
        convention: { type: "response_terminal", requestId: "int-0", status },
        body: '{"ok":true}',
      });
    }
  });

  it("notes an acceptance as progress that may be lost, without a mode even when it was steered", () => {
    const input = peerInputOf(candidate("response", { content: response("accepted"), handlingMode: "steer" }));

    expect(input).toMatchObject({
      durability: "ephemeral",
      convention: { type: "response_progress", requestId: "int-0", phase: "accepted" },
    });
    expect(input).not.toHaveProperty("handlingMode");
  });

  it("leaves the lane to the kind unless the peer steers", () => {
    expect(peerInputOf(candidate("actionable_message", { content: message }))).not.toHaveProperty("handlingMode");
    expect(peerInputOf(candidate("actionable_message", { content: message, handlingMode: "steer" }))).toMatchObject({
      handlingMode: "steer",
    });
  });

  it("is an event of an outside source, with mode, rendering and blocks, for a plain event", () => {
    const shared = { from: "event:webhook", handlingMode: "steer" as const, renderMetadata: { icon: "bell" } };
    const payloads = [
      [message, { body: "raw" }],
      [request, { intent: "review", params: request.params }],
      [response("failed"), { inReplyTo: "int-0", status: "failed", result: { ok: true } }],
    ] as const;
    for (const [content, payload] of payloads) {
      expect(peerInputOf(candidate("plain_event", { ...shared, content, blocks: [] }))).toMatchObject({
        kind: "external_event",
        source: { type: "external", sourceName: "webhook" },
        durability: "durable",
        eventType: "webhook",
        payload,
        handlingMode: "steer",
        renderMetadata: { icon: "bell" },
        blocks: [],
      });
    }
  });

  it("stays a peer's although the peer is called like an event, unless its class says otherwise", () => {
    expect(peerInputOf(candidate("actionable_message", { content: message, from: "event:x" }))).toMatchObject({
      source: { type: "peer", peerId: "event:x" },
    });
  });

  it("is a request for every notice about a peer", () => {
    for (const as of ["peer_added", "peer_retired", "peer_unwired"] as const) {
      expect(peerInputOf(candidate(as, { content: message }))).toMatchObject({
        convention: { type: "request", requestId: "int-1", intent: as },
      });
      expect(peerInputOf(candidate(as, { content: request }))).toMatchObject({ convention: { intent: "review" } });
    }
  });

  it("is one that admission takes, whatever class and content come together", () => {
    for (const as of PeerClass.options) {
      for (const content of [message, request, response("accepted"), response("completed")]) {
        if (as === "response" && content.type !== "response") continue;
        for (const handlingMode of ["queue", "steer"] as const) {
          expect(findAdmissionFault(parseNewInput(peerInputOf(candidate(as, { content, handlingMode }))))).toBeNull();
        }
      }
    }
  });
});

describe("the route of a peer's message", () => {
  it("follows its class", () => {
    const routes = PeerClass.options.map((as) => [as, peerRouteOf(candidate(as, { content: response("failed") }))]);

    expect(Object.fromEntries(routes)).toEqual({
      ack: "ignore",
      peer_added: "accept",
      peer_retired: "accept",
      peer_unwired: "accept",
      response: "accept_and_answer",
      silent_request: "accept_and_answer",
      kickoff_failed: "accept_and_answer",
      kickoff_cancelled: "accept_and_answer",
      actionable_message: "accept_and_answer",
      actionable_request: "accept_and_answer",
      plain_event: "accept_and_answer",
    });
  });

  it("only notes that a request was accepted", () => {
    expect(peerRouteOf(candidate("response", { content: response("accepted") }))).toBe("accept");
  });

  it("has no place for a response that answers nothing", () => {
    expect(() => candidate("response", { content: message })).toThrow("a response has the content of one");
  });
});
