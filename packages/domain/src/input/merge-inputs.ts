/**
 * One input that carries the content of two: what `merge` makes of a queued
 * input and a newer one of its scope. Neither of them is changed.
 */
import {
  type ContentBlock,
  type Input,
  type InputId,
  type InputLineage,
  MAX_MERGED,
  type ParsedInput,
} from "@holdfast/contracts";
import { canonicalJson } from "./fingerprint.ts";
import { inputKindOf } from "./input-kind.ts";

/** What the aggregate of several inputs is made from, in order; `null` of nothing. */
export function lineageOf(sources: readonly InputId[]): InputLineage | null {
  return sources.length === 0 ? null : { type: "merged", sources };
}

/**
 * The aggregate of a queued input and a newer one, or `null` for two that say
 * different things beside their content: then both keep to themselves.
 */
export function mergeInputs(older: Input, newer: Input, id: InputId): Input | null {
  const sources = [...sourcesOf(older), ...sourcesOf(newer)];
  const lineage = lineageOf(sources);
  if (lineage === null || sources.length > MAX_MERGED || !isAlike(older, newer)) return null;
  const content = joinContent(older, newer);
  if (content === null) return null;
  const { idempotencyKey: _ofItsOwn, ...header } = newer;
  return { ...header, ...content, id, lineage } as Input;
}

function sourcesOf({ id, lineage }: Input): readonly InputId[] {
  return lineage?.sources ?? [id];
}

/** What differs between two inputs that can be one: their identity, their content, and when they came. */
const OWN: readonly string[] = [
  "id",
  "idempotencyKey",
  "timestamp",
  "traceparent",
  "correlationId",
  "lineage",
  "notBefore",
  "overlap",
  "text",
  "body",
  "instructions",
  "payload",
  "blocks",
];

function isAlike(one: Input, other: Input): boolean {
  if (inputKindOf(one) !== inputKindOf(other)) return false;
  const rest = (input: Input) => Object.fromEntries(Object.entries(input).filter(([field]) => !OWN.includes(field)));
  return canonicalJson(rest(one)) === canonicalJson(rest(other));
}

type Of<K extends ParsedInput["kind"]> = Extract<Input, { kind: K }>;

function joinContent(older: Input, newer: Input): Partial<Input> | null {
  switch (newer.kind) {
    case "prompt":
      return withBlocks(older as Of<"prompt">, newer, "text");
    case "peer":
      return withBlocks(older as Of<"peer">, newer, "body");
    case "flow_step":
      return withBlocks(older as Of<"flow_step">, newer, "instructions");
    case "external_event":
      return joinEvents(older as Of<"external_event">, newer);
    default:
      return null;
  }
}

/** Text goes with text, line by line; once one of them has blocks, all of it is blocks. */
function withBlocks<F extends "text" | "body" | "instructions">(
  older: { readonly [K in F]: string } & { readonly blocks?: readonly ContentBlock[] | undefined },
  newer: { readonly [K in F]: string } & { readonly blocks?: readonly ContentBlock[] | undefined },
  field: F,
): Partial<Input> {
  const joined = { [field]: `${older[field]}\n${newer[field]}` };
  if (older.blocks === undefined && newer.blocks === undefined) return joined as Partial<Input>;
  const blocksOf = (input: typeof older) => input.blocks ?? [{ type: "text", text: input[field] }];
  return { ...joined, blocks: [...blocksOf(older), ...blocksOf(newer)] } as Partial<Input>;
}

/** The payload of merged events is the list of theirs. */
function joinEvents(older: Of<"external_event">, newer: Of<"external_event">): Partial<Input> {
  const payloads = older.lineage === undefined ? [older.payload] : (older.payload as readonly unknown[]);
  const blocks = [...(older.blocks ?? []), ...(newer.blocks ?? [])];
  const joined = { payload: [...payloads, newer.payload], ...(blocks.length === 0 ? {} : { blocks }) };
  return joined as Partial<Input>;
}
