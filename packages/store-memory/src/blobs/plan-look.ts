import type { StoreData } from "../session/session-data.ts";

/** How the `due` index tells a look at a session from the session. */
export const BLOBS_SUFFIX = ".b";

/** Somebody looks at a session's blobs at that time, or sooner. */
export function planLook({ due }: StoreData, member: string, at: number): void {
  const planned = due.get(`${member}${BLOBS_SUFFIX}`) ?? at;
  due.set(`${member}${BLOBS_SUFFIX}`, Math.min(planned, at));
}
