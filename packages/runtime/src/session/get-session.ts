import { AppError, type SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { SessionDirectory, SessionRecord } from "../ports/session-directory.ts";

/** What is known of a session, also of a destroyed one. @throws session.not_found */
export async function getRecord(directory: Pick<SessionDirectory, "find">, ref: SessionRef): Promise<SessionRecord> {
  const record = await directory.find(ref);
  if (record === null) throw new AppError("session.not_found");
  return record;
}

/** What is known of a session that is there. @throws session.not_found, session.destroyed */
export async function getSession(directory: Pick<SessionDirectory, "find">, ref: SessionRef): Promise<SessionRecord> {
  const record = await getRecord(directory, ref);
  if (isFinalPhase(record.phase)) throw new AppError("session.destroyed");
  return record;
}
