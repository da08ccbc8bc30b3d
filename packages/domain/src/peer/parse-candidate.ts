import { AppError, type JsonLimits, PeerCandidate } from "@holdfast/contracts";
import { findJsonFault } from "../input/json-guard.ts";

/** A message as a transport handed it in, checked. @throws input.invalid, which says nothing of its content */
export function parsePeerCandidate(value: unknown, limits: JsonLimits): PeerCandidate {
  // Before the schema, which would follow any depth.
  const fault = findJsonFault(value, limits);
  const parsed = fault === null ? PeerCandidate.safeParse(value) : null;
  if (parsed?.success === true) return parsed.data;
  throw new AppError("input.invalid", {
    message: "a peer's message does not have the shape of one",
    cause: fault ?? parsed?.error,
  });
}
