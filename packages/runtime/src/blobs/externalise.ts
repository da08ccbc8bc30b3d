/**
 * Moves inline images out of an input before it is recorded, so that the ledger
 * keeps names and never bytes. An image that cannot be kept aborts the admission.
 */
import type { ContentBlock, ParsedInput, SessionRef } from "@holdfast/contracts";
import type { RuntimeContext } from "../runtime-context.ts";
import { blobNameOf } from "./blob-name.ts";
import { keepBlob } from "./keep-blob.ts";

type Image = Extract<ContentBlock, { type: "image" }>;

/** The input with every inline image replaced by its name. @throws store.unavailable */
export async function externaliseImages<I extends ParsedInput>(
  context: Pick<RuntimeContext, "store" | "sha256" | "timing">,
  ref: SessionRef,
  input: I,
): Promise<I> {
  if (!("blocks" in input) || input.blocks === undefined || !input.blocks.some(isImage)) return input;
  const blocks = await Promise.all(
    input.blocks.map(async (block): Promise<ContentBlock> => {
      if (!isImage(block)) return block;
      const name = blobNameOf(context.sha256, block.data);
      await keepBlob(context, ref, { name, content: Buffer.from(block.data, "base64") });
      return { type: "image_ref", mediaType: block.mediaType, blob: name };
    }),
  );
  return { ...input, blocks };
}

/** Whether an input carries bytes that belong into a blob. */
export function hasImages(input: ParsedInput): boolean {
  return "blocks" in input && input.blocks?.some(isImage) === true;
}

function isImage(block: ContentBlock): block is Image {
  return block.type === "image";
}
