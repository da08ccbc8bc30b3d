import { AppError, findUserIdFault, type SessionId, type SessionRef, type TenantId } from "@holdfast/contracts";

/** A reference from text that a user chose. @throws id.invalid, which says what is wrong */
export function parseSessionRef(names: { readonly tenantId: string; readonly sessionId: string }): SessionRef {
  for (const [what, text] of Object.entries({ tenant: names.tenantId, session: names.sessionId })) {
    const fault = findUserIdFault(text);
    if (fault !== null)
      throw new AppError("id.invalid", { message: `the ${what} id ${fault}`, details: { what, fault } });
  }
  return { tenantId: names.tenantId as TenantId, sessionId: names.sessionId as SessionId };
}
