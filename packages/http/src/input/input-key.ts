import { AppError, type IdempotencyKey, type NewInput } from "@holdfast/contracts";

/**
 * The input with the key of the header, if one came. The input is unchecked:
 * what is no object stays as it is, for the runtime to refuse.
 *
 * @throws id.invalid when header and body name different keys
 */
export function withKey(input: NewInput, key: IdempotencyKey | undefined): NewInput {
  if (key === undefined || typeof input !== "object" || input === null || Array.isArray(input)) return input;
  if (input.idempotencyKey !== undefined && input.idempotencyKey !== key) {
    const message = "The Idempotency-Key header and the body's idempotencyKey differ.";
    throw new AppError("id.invalid", { message });
  }
  return { ...input, idempotencyKey: key };
}
