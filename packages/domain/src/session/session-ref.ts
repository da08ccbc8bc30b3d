import { AppError, findUserIdFault, type SessionId, type SessionRef, type TenantId } from "@holdfast/contracts";

/** A reference from text that a user chose. @throws id.invalid, which says what is wrong */
export function parseSessionRef(names: { readonly tenantId: string; readonly sessionId: string }): SessionRef {
  const tenantId = parseTenantId(names.tenantId);
  assertUserId("session", names.sessionId);
  return { tenantId, sessionId: names.sessionId as SessionId };
}

/** A tenant id from text that a user chose. @throws id.invalid, which says what is wrong */
export function parseTenantId(text: string): TenantId {
  assertUserId("tenant", text);
  return text as TenantId;
}

function assertUserId(what: "tenant" | "session", text: string): void {
  const fault = findUserIdFault(text);
  if (fault === null) return;
  throw new AppError("id.invalid", { message: `the ${what} id ${fault}`, details: { what, fault } });
}
