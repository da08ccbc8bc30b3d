/**
 * What a wake is called in BullMQ. The id carries everything, so a job has no
 * payload, and the epoch in it keeps a new activation from being taken for an
 * old one that is still there.
 */
import type { SessionId, SessionRef, TenantId } from "@holdfast/contracts";
import type { Wake } from "@holdfast/runtime";

/** The queue of an executor: a worker hears only of sessions it can run. */
export function queueNameOf(executor: string): string {
  return `wake-${executor}`;
}

/** The id of a wake's job: `<tenant>.<session>.<epoch>`, both encoded. Never an integer, never with a colon. */
export function jobIdOf({ ref, epoch }: Pick<Wake, "ref" | "epoch">): string {
  return `${encode(ref.tenantId)}.${encode(ref.sessionId)}.${epoch}`;
}

/** The session a job id names, or `null` when it is not one of ours. */
export function findRef(jobId: string | undefined): SessionRef | null {
  const [tenant, session, epoch, ...rest] = (jobId ?? "").split(".");
  if (!tenant || !session || !epoch || rest.length > 0) return null;
  return { tenantId: decode(tenant) as TenantId, sessionId: decode(session) as SessionId };
}

function encode(id: string): string {
  return Buffer.from(id, "utf8").toString("base64url");
}

function decode(encoded: string): string {
  return Buffer.from(encoded, "base64url").toString("utf8");
}
