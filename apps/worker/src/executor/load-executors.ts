/** Executors from a user's module, which may be TypeScript. */
import { resolve } from "node:path";
import { AppError, type Executor } from "holdfast";
import { createJiti } from "jiti";

/**
 * Loads a module and answers the executors it exports: the array `executors`,
 * a default export that is one or an array of them, and every other export
 * that is one.
 *
 * @throws config.invalid
 */
export async function loadExecutors(file: string, cwd: string = process.cwd()): Promise<readonly Executor[]> {
  const found = executorsOf(await load(resolve(cwd, file), file), file);
  if (found.length > 0) return found;
  throw unusable(`${file} exports no executor; write \`export const executors = [defineExecutor(…)]\``);
}

async function load(path: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const jiti = createJiti(import.meta.url, { interopDefault: false, fsCache: false });
    return await jiti.import<Record<string, unknown>>(path);
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n")[0] as string) : String(cause);
    throw unusable(`${file} cannot be loaded: ${reason}`, cause);
  }
}

function executorsOf(module: Readonly<Record<string, unknown>>, file: string): Executor[] {
  const found = new Set<Executor>();
  for (const [name, exported] of Object.entries(module)) {
    if (isExecutor(exported)) found.add(exported);
    if (!Array.isArray(exported) || (name !== "executors" && name !== "default")) continue;
    for (const [index, item] of exported.entries()) {
      if (!isExecutor(item)) throw unusable(`${file}: item ${index} of the export \`${name}\` is no executor`);
      found.add(item);
    }
  }
  return [...found];
}

/** By shape: the user's copy of the package need not be ours. */
function isExecutor(value: unknown): value is Executor {
  if (typeof value !== "object" || value === null) return false;
  const { name, version, maxBatch, apply } = value as Partial<Record<keyof Executor, unknown>>;
  const isNamed = typeof name === "string" && typeof version === "string";
  return isNamed && Number.isInteger(maxBatch) && typeof apply === "function";
}

function unusable(message: string, cause?: unknown): AppError {
  return new AppError("config.invalid", { message, cause });
}
