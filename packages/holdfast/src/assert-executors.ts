import { AppError, Binding } from "@holdfast/contracts";
import type { Executor } from "@holdfast/runtime";

/** Refuses two executors of one name, and names that no session can be bound to. @throws config.invalid */
export function assertExecutors(executors: readonly Executor[]): void {
  const names = new Set<string>();
  for (const { name } of executors) {
    const fault = Binding.shape.executor.safeParse(name).error?.issues[0];
    if (fault !== undefined) throw unusable(`${JSON.stringify(name)} ${fault.message}`);
    if (names.has(name)) throw unusable(`there are two executors named ${name}`);
    names.add(name);
  }
}

function unusable(message: string): AppError {
  return new AppError("config.invalid", { message });
}
