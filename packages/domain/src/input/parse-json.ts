import { AppError, type JsonLimits } from "@holdfast/contracts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Reads JSON text whose nesting is bounded before any parser recurses into it.
 *
 * Checks shape only: forbidden keys and lone surrogates are the business of
 * `parseNewInput` or `findJsonFault`.
 *
 * @throws `request.too_deep`, `request.malformed`
 */
export function parseJson(text: string, limits: Pick<JsonLimits, "depth">): unknown {
  if (isDeeperThan(text, limits.depth)) {
    throw new AppError("request.too_deep", { details: { limit: limits.depth } });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("request.malformed", { cause });
  }
}

/**
 * Exact on every prefix that is valid JSON. Beyond the first syntax error it may
 * be wrong in both directions, which is harmless: a parser stops there as well.
 */
function isDeeperThan(text: string, depth: number): boolean {
  let open = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        open += 1;
        if (open > depth) return true;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        open -= 1;
        break;
    }
  }
  return false;
}

/** The closing quote of the string that starts at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) return at;
    if (unit === BACKSLASH) at += 1;
  }
  return text.length;
}
