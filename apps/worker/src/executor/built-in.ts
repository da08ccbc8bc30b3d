import { AppError, type Executor, echo, fold, foldBatching, foldSlowly } from "holdfast";

const BUILT_IN: readonly Executor[] = [echo, fold, foldBatching, foldSlowly];

/** Names of the executors every worker can host. */
export const BUILT_IN_NAMES: readonly string[] = BUILT_IN.map(({ name }) => name);

/** Built-in executors by a comma-separated list of their names. @throws config.invalid */
export function selectBuiltIn(list: string): readonly Executor[] {
  const names = list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return names.map((name) => {
    const executor = BUILT_IN.find((candidate) => candidate.name === name);
    if (executor !== undefined) return executor;
    const message = `--built-in ${name} is none of ${BUILT_IN_NAMES.join(", ")}`;
    throw new AppError("config.invalid", { message });
  });
}
