/** Names, oldest first, of which the latest so many are kept. */
import { type InputId, KEPT_REQUESTS, KEPT_SCOPES, type RequestId } from "@holdfast/contracts";
import type { Ring, SessionData } from "./session-data.ts";
import { isFinal } from "./transitions.ts";

/**
 * Adds a name. Beyond so many the oldest is let go of, which says whether it was; one that is still needed goes to the
 * end instead. Two are looked at for every one that comes, so that a ring shrinks that had to grow.
 */
function push(ring: Ring, name: string, most: number, letGo: (name: string) => boolean): void {
  const append = (last: string) => {
    ring.to += 1;
    ring.names.set(ring.to, last);
  };
  append(name);
  for (let looked = 0; looked < 2 && ring.to - ring.from > most; looked += 1) {
    ring.from += 1;
    const oldest = ring.names.get(ring.from) as string;
    ring.names.delete(ring.from);
    if (!letGo(oldest)) append(oldest);
  }
}

/** What a request id was used for. */
export type RequestUse = "control" | "published" | "unregistered";

/** Call it when a request id was answered: the latest so many are known. */
export function keepRequest(session: SessionData, use: RequestUse, requestId: RequestId): void {
  push(session.requests, `${use} ${requestId}`, KEPT_REQUESTS, (oldest) => {
    const at = oldest.indexOf(" ");
    forget(session, oldest.slice(0, at) as RequestUse, oldest.slice(at + 1) as RequestId);
    return true;
  });
}

function forget({ reports, resumeRequests, ...session }: SessionData, use: RequestUse, requestId: RequestId): void {
  const maps = use === "control" ? [reports, resumeRequests] : [session[use]];
  for (const map of maps) map.delete(requestId);
}

/** Notes the latest input of a scope. One of which nothing waits means nothing: the next one displaces nothing. */
export function keepScope(session: SessionData, scope: string, inputId: InputId): void {
  const { scopes, inputs } = session;
  const isNew = !scopes.has(scope);
  scopes.set(scope, inputId);
  if (!isNew) return;
  push(session.scopeRing, scope, KEPT_SCOPES, (oldest) => {
    const input = inputs.get(scopes.get(oldest) as InputId);
    const isOver = input === undefined || isFinal("input", input.status);
    if (isOver) scopes.delete(oldest);
    return isOver;
  });
}
