import { type KindId, type ParsedInput, PeerConvention } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { inputKindOf, requestedMode } from "../../src/input/input-kind.ts";
import { sampleInput } from "./sample-input.ts";

const request: PeerConvention = { type: "request", requestId: "r", intent: "ask" };
const progress: PeerConvention = { type: "response_progress", requestId: "r", phase: "accepted" };
const terminal: PeerConvention = { type: "response_terminal", requestId: "r", status: "completed" };

const kinds: readonly [KindId, ParsedInput][] = [
  ["prompt", sampleInput("prompt")],
  ["peer_message", sampleInput("peer")],
  ["peer_message", sampleInput("peer", { convention: { type: "message" } })],
  ["peer_request", sampleInput("peer", { convention: request })],
  ["peer_response_progress", sampleInput("peer", { convention: progress })],
  ["peer_response_terminal", sampleInput("peer", { convention: terminal })],
  ["flow_step", sampleInput("flow_step")],
  ["external_event", sampleInput("external_event")],
  ["continuation", sampleInput("continuation")],
  ["operation", sampleInput("operation")],
];

it.each(kinds)("tells %s", (kind, input) => {
  expect(inputKindOf(input)).toBe(kind);
});

const modes: readonly [string, ParsedInput, string | null][] = [
  ["a prompt without one", sampleInput("prompt"), null],
  ["a prompt", sampleInput("prompt", { turnMetadata: { handlingMode: "steer" } }), "steer"],
  ["a flow step", sampleInput("flow_step", { turnMetadata: { handlingMode: "queue" } }), "queue"],
  ["a flow step with other metadata", sampleInput("flow_step", { turnMetadata: { model: "m" } }), null],
  ["a peer without one", sampleInput("peer"), null],
  ["a peer", sampleInput("peer", { handlingMode: "steer" }), "steer"],
  ["an external event by default", sampleInput("external_event"), "queue"],
  ["an external event", sampleInput("external_event", { handlingMode: "steer" }), "steer"],
  ["a continuation by default", sampleInput("continuation"), "queue"],
  ["a continuation", sampleInput("continuation", { handlingMode: "steer" }), "steer"],
  ["an operation", sampleInput("operation"), null],
];

it.each(modes)("reads the mode of %s", (_name, input, mode) => {
  expect(requestedMode(input)).toBe(mode);
});
