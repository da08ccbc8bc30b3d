import { ContentBlock } from "@holdfast/contracts";

/** Names that variants had before. */
const RENAMED: ReadonlyMap<unknown, string> = new Map([
  ["system_generated", "continuation"],
  ["projected", "operation"],
]);

const Blocks = ContentBlock.array().min(1);

/**
 * An input as this version writes it, from one that older producers still send:
 * variants by their former names, and external events whose blocks lie in their
 * payload. Anything else is handed back as it is.
 */
export function modernizeInput(value: object): object {
  if (!Object.hasOwn(value, "kind")) return value;
  const kind: unknown = Reflect.get(value, "kind");
  if (kind === "external_event") return withOwnBlocks(value);
  const renamed = RENAMED.get(kind);
  return renamed === undefined ? value : { ...value, kind: renamed };
}

/** Only what is a list of blocks is taken for one: a payload is its sender's, and may have a member of that name. */
function withOwnBlocks(value: { readonly payload?: unknown; readonly blocks?: unknown }): object {
  const { payload, blocks } = value;
  if (blocks !== undefined || typeof payload !== "object" || payload === null || !Object.hasOwn(payload, "blocks")) {
    return value;
  }
  const { blocks: hidden, ...rest } = payload as { readonly blocks: unknown };
  return Blocks.safeParse(hidden).success ? { ...value, payload: rest, blocks: hidden } : value;
}
