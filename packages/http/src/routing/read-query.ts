import { AppError } from "@holdfast/contracts";

// A router reads some of these differently than the sender meant: unescaped bytes, and a fragment that should not travel.
const STRAY = /[^!-~]|#/;

const NOTHING: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

/**
 * The query of a request target, each name once.
 *
 * @throws request.invalid for a name given twice, broken percent-encoding, or a
 * target with characters that must be encoded
 */
export function readQuery(target: string): Readonly<Record<string, string>> {
  if (STRAY.test(target)) throw new AppError("request.invalid", { message: "The URL has unencoded characters." });
  const start = target.indexOf("?");
  if (start === -1) return NOTHING;
  const query: Record<string, string> = Object.create(null);
  for (const pair of target.slice(start + 1).split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    if (name in query) throw new AppError("request.invalid", { message: "The query names something twice." });
    query[name] = equals === -1 ? "" : decode(pair.slice(equals + 1));
  }
  return query;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (cause) {
    throw new AppError("request.invalid", { message: "The query is not valid percent-encoded UTF-8.", cause });
  }
}
