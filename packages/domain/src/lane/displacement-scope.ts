import type { ParsedInput, PolicyColumns } from "@holdfast/contracts";
import { inputKindOf } from "../input/input-kind.ts";
import { supersessionScope } from "./supersession-scope.ts";

/**
 * The scope in which an input looks for the one it takes the place of, or joins:
 * that of its key; without one, for `merge` and `debounce`, that of its kind.
 * No key is empty, so the two never meet.
 */
export function displacementScope(input: ParsedInput, { idle }: PolicyColumns): string | null {
  const scope = supersessionScope(input);
  if (scope !== null) return scope;
  return idle.queue === "merge" || idle.queue === "debounce" ? `${inputKindOf(input)}:` : null;
}
