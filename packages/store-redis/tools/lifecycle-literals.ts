import { OperationStatus } from "../../contracts/src/operation.ts";
import { InputStatus } from "../../contracts/src/outcome.ts";
import { RunStatus } from "../../contracts/src/run.ts";
import { SessionPhase } from "../../contracts/src/session.ts";
import { ObligationStatus } from "../../contracts/src/unregister.ts";

const LIFECYCLE = new Set<string>([
  ...SessionPhase.options,
  ...InputStatus.options,
  ...RunStatus.options,
  ...ObligationStatus.options,
  ...OperationStatus.options,
]);

// The one reply tag that is spelled like a status: a batch was staged.
const REPLY_TAGS = new Set(["staged"]);

/** Quoted phases and statuses in hand-written Lua, as `file:line: literal`. */
export function findLifecycleLiterals(name: string, text: string): string[] {
  const code = text.replace(/^--\[\[\n[\s\S]*?\n\]\]/, (header) => header.replace(/[^\n]/g, ""));
  return code.split("\n").flatMap((line, index) => {
    const statement = line.replace(/--.*$/, "");
    return [...statement.matchAll(/["'](\w+)["']/g)]
      .map(([, word]) => word as string)
      .filter((word) => LIFECYCLE.has(word) && !REPLY_TAGS.has(word))
      .map((word) => `${name}.lua:${index + 1}: "${word}"`);
  });
}
