/** Labels as field `labels` and the bucket's index have them: `<key>.<value>`, both encoded. */
import type { Label, Labels } from "@holdfast/contracts";
import { decodeId, encodeId } from "./keys.ts";

/** One label as an index entry names it. */
export function encodeLabel({ key, value }: Label): string {
  return `${encodeId(key)}.${encodeId(value)}`;
}

/** All labels of a session, joined by commas. */
export function encodeLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => encodeLabel({ key, value }))
    .sort()
    .join(",");
}

/** The labels of a stored field. */
export function decodeLabels(stored: string): Labels {
  const encoded = stored === "" ? [] : stored.split(",");
  const entries = encoded.map((label) => label.split(".").map(decodeId) as [string, string]);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
