import type { ParsedInput } from "@holdfast/contracts";
import { inputKindOf } from "../input/input-kind.ts";

/**
 * The scope within a session in which inputs displace each other, or `null` for
 * an input without a key. Different kinds never share one: a kind has no colon.
 */
export function supersessionScope(input: ParsedInput): string | null {
  return input.supersessionKey === undefined ? null : `${inputKindOf(input)}:${input.supersessionKey}`;
}
