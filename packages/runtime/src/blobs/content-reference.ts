/**
 * How the ledger names content that lies beside it: a text of JSON in the place of
 * another.
 *
 * Nobody can write one that is not ours: content that begins like a reference is
 * kept as a blob whatever its size, so that what stands in the ledger and begins
 * like one, is one.
 */
import { AppError } from "@holdfast/contracts";
import { blobNamesIn } from "./blob-name.ts";

const BEGINNING = '{"$blob":"';
const REFERENCE = /^\{"\$blob":"([^"]+)","bytes":(\d+)/;

/** A content that lies elsewhere. */
export interface ContentReference {
  readonly name: string;
  readonly bytes: number;
}

/** The text that stands for a content. It repeats the names of blobs in it, which are looked for where it stands. */
export function referenceTo({ name, bytes }: ContentReference, content: string): string {
  const names = blobNamesIn(content);
  return JSON.stringify({ $blob: name, bytes, ...(names.length === 0 ? {} : { names }) });
}

/** Whether a text begins like a reference. */
export function looksLikeReference(text: string): boolean {
  return text.startsWith(BEGINNING);
}

/** What a stored text refers to; `null` when it is the content itself. */
export function findReference(text: string): ContentReference | null {
  const [, name, bytes] = (looksLikeReference(text) ? REFERENCE.exec(text) : null) ?? [];
  return name === undefined ? null : { name, bytes: Number(bytes) };
}

/** Bytes of the content that a stored text is, or stands for. */
export function contentBytesOfText(text: string): number {
  return findReference(text)?.bytes ?? Buffer.byteLength(text);
}

/** What stands in the place of a content that was not found: no JSON begins so. */
const MISSING = "!";

/** A content that lies elsewhere and was not found there, for who may not need it. */
export function missingContent({ name }: ContentReference): string {
  return `${MISSING}${name}`;
}

/** The name of a content that was not found; `null` for any other. */
export function missingNameOf(text: string): string | null {
  return text.startsWith(MISSING) ? text.slice(MISSING.length) : null;
}

/** The value of a content. @throws blob.missing for one that was not found */
export function parseContent(text: string): unknown {
  const missing = missingNameOf(text);
  if (missing !== null) throw missingBlob(missing);
  return JSON.parse(text) as unknown;
}

/** What somebody is told who needs a blob that is not there. */
export function missingBlob(name: string): AppError {
  return new AppError("blob.missing", { message: `the session has no blob ${name}`, details: { blob: name } });
}
