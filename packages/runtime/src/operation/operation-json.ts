import { AppError, type InputLimits } from "@holdfast/contracts";
import { canonicalJson, findJsonFault } from "@holdfast/domain";

/** Canonical JSON of what a caller says of an operation. @throws request.invalid */
export function operationJson(what: string, value: unknown, limits: InputLimits): string {
  const fault = findJsonFault(value, limits);
  if (fault !== null) {
    throw new AppError("request.invalid", { message: `${what} is no JSON: ${fault.kind} at ${fault.path}` });
  }
  const text = canonicalJson(value);
  // UTF-8 needs at most three bytes for one UTF-16 unit: count only when it could matter.
  if (text.length * 3 <= limits.payloadBytes) return text;
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= limits.payloadBytes) return text;
  throw new AppError("request.invalid", {
    message: `${what} has ${bytes} bytes, the limit is ${limits.payloadBytes}`,
    details: { bytes, limit: limits.payloadBytes },
  });
}
