import type { SessionId, SessionRef, TenantId } from "@holdfast/contracts";
import type { SessionRuntime } from "@holdfast/runtime";

/** What every handler works with. */
export interface Surface {
  readonly runtime: SessionRuntime;
  /** From the configuration; a request has no say in it. */
  readonly tenantId: TenantId;
  /** The store must answer a readiness probe after this long. */
  readonly probeMs: number;
  /** A shutdown is under way. */
  isDraining(): boolean;
}

/** The session a call is about. */
export function refOf({ tenantId }: Surface, { sessionId }: { readonly sessionId: SessionId }): SessionRef {
  return { tenantId, sessionId };
}
