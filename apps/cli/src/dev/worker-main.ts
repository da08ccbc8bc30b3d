import { createRequire } from "node:module";
import { AppError } from "holdfast";

/** The program of a worker. @throws config.invalid when it has not been built */
export function workerMain(): string {
  try {
    return createRequire(import.meta.url).resolve("@holdfast/worker/main");
  } catch (cause) {
    throw new AppError("config.invalid", { message: "the worker is not built: npm run build", cause });
  }
}
