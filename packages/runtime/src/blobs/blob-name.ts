/** What blobs are called, and how their names are found in a text. */
import type { Sha256 } from "../ports/sha256.ts";

const NAME = /sha256-[\w-]{43}/g;

/** The name of content, by a text that stands for it (D54). */
export function blobNameOf(sha256: Sha256, text: string): string {
  return `sha256-${sha256(text)}`;
}

/** Every name that a text contains, once. */
export function blobNamesIn(text: string): readonly string[] {
  // Most texts have none, and this finds that out at once.
  return text.includes("sha256-") ? [...new Set(text.match(NAME))] : [];
}
