import { randomUUID } from "node:crypto";
import { isAppError, type RequestId } from "holdfast";
import { withHint } from "../terminal/report-error.ts";

/**
 * Does what must happen once, under an id of the user's or a fresh one. When
 * nobody knows whether it happened, the error says how to ask again safely.
 */
export async function once<T>(
  option: { readonly name: string; readonly given: string | undefined },
  work: (id: RequestId) => Promise<T>,
): Promise<T> {
  const id = option.given ?? `cli_${randomUUID()}`;
  try {
    return await work(id as RequestId);
  } catch (error) {
    if (!isAppError(error, "store.unavailable")) throw error;
    throw withHint(error, `repeat with ${option.name} ${id}: it takes effect once, however often it is sent`);
  }
}
