import { isAppError } from "@holdfast/contracts";

/** Says in one line why a process cannot do its work, and ends it: with 2 when its configuration is at fault, else with 1. */
export function failToStart(error: unknown): never {
  const [code, message] = isAppError(error) ? [error.code, error.message] : ["internal.bug", String(error)];
  process.stderr.write(`error[${code}]: ${message}\n`);
  process.exit(code === "config.invalid" ? 2 : 1);
}
