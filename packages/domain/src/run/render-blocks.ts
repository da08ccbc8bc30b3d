import type { ContentBlock, ParsedInput } from "@holdfast/contracts";

type Blocks = readonly ContentBlock[];
type ContentInput = Exclude<ParsedInput, { kind: "continuation" | "operation" }>;
type PeerInput = Extract<ParsedInput, { kind: "peer" }>;
type ExternalEvent = Extract<ParsedInput, { kind: "external_event" }>;

/** What an input adds to the conversation; `null` for continuations and operations. An empty block list counts as none. */
export function renderBlocks(input: ParsedInput): Blocks | null {
  if (input.kind === "continuation" || input.kind === "operation") return null;
  const blocks = input.blocks ?? [];
  if (blocks.length === 0) return [text(textOf(input))];
  return input.kind === "peer" ? peerBlocks(input, blocks) : blocks;
}

/** What an input without blocks says. */
function textOf(input: ContentInput): string {
  switch (input.kind) {
    case "prompt":
      return input.text;
    case "flow_step":
      return input.instructions;
    case "peer":
      return input.body;
    case "external_event":
      return projectEvent(input);
  }
}

/** The blocks of a message carry its content, so its body is not repeated; of anything else the body leads. */
function peerBlocks(input: PeerInput, blocks: Blocks): Blocks {
  if (input.convention?.type === "message" && input.source.type === "peer") {
    return [text(`[comms message from ${input.source.peerId}]`), ...blocks];
  }
  const first = blocks[0];
  const isRepeated = first?.type === "text" && first.text === input.body;
  return input.body === "" || isRepeated ? blocks : [text(input.body), ...blocks];
}

/** Names where an event came from, so that a model can tell it from what a person said. */
function projectEvent(input: ExternalEvent): string {
  const named = input.source.type === "external" ? input.source.sourceName.trim() : "";
  const lead = `External event from ${named === "" ? input.eventType : named}`;
  const body = bodyOf(input.payload);
  return body === "" ? lead : `${lead}: ${body}`;
}

function bodyOf(payload: ExternalEvent["payload"]): string {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return "";
  const body = payload["body"];
  return typeof body === "string" ? body.trim() : "";
}

function text(content: string): ContentBlock {
  return { type: "text", text: content };
}
