/**
 * A user-chosen id as one segment of a path.
 *
 * Whoever reads a URL may take `.` and `..` away, percent-encoded or not, before
 * it is sent, and some proxies decode `%2F`. So a segment that begins with a
 * tilde is the id's UTF-8 in base64url, and stands for any id at all.
 *
 *   A7  Every legal id has a segment that reaches the server through any client,
 *       and no segment stands for two ids.
 */
import * as z from "zod";

const MARK = "~";

/** The segment of an id: percent-encoded where that arrives, else marked and in base64url (A7). */
export function encodePathSegment(id: string): string {
  if (id === "." || id === ".." || id.startsWith(MARK)) return `${MARK}${toBase64Url(id)}`;
  return encodeURIComponent(id);
}

/** A parameter of a path, percent-decoded, as the id it stands for. */
export function pathSegment<Id extends z.ZodType<unknown, string>>(id: Id) {
  return z
    .string()
    .transform((text, context) => {
      const value = text.startsWith(MARK) ? fromBase64Url(text.slice(MARK.length)) : text;
      if (value !== null) return value;
      context.addIssue({ code: "custom", message: "begins with ~ and does not go on as UTF-8 in base64url" });
      return z.NEVER;
    })
    .pipe(id)
    .describe(
      "Percent-encoded, or `~` and the base64url of its UTF-8: any id may be sent so, `.`, `..` and `~…` must.",
    );
}

function toBase64Url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** `null` unless it is exactly what {@link toBase64Url} writes. */
function fromBase64Url(encoded: string): string | null {
  try {
    const bytes = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)),
    );
    return toBase64Url(text) === encoded ? text : null;
  } catch {
    return null; // Neither base64 nor UTF-8: the caller says so.
  }
}
