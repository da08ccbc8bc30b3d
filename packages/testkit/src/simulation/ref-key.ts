import type { SessionRef } from "@holdfast/contracts";

/** A session as a key of a map. */
export function refKey({ tenantId, sessionId }: SessionRef): string {
  return `${tenantId} ${sessionId}`;
}
