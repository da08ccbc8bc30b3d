/**
 * Redriving many dead letters, step by step. A dead letter that was redriven
 * leaves the list, so a step that is sent again finds only what is left; the
 * cursor passes over those that cannot be sent.
 */
import { AppError, isAppError, SCRIPT_BATCH, type SessionRef } from "@holdfast/contracts";
import type {
  DeadLetterSelection,
  RedrivenInput,
  RedriveProgress,
  RedriveStep,
  RefusedInput,
} from "../api/dead-letters.ts";
import { assertRequestId } from "../control/assert-command.ts";
import type { InputRecord } from "../ports/archive.ts";
import { getSession } from "../session/get-session.ts";
import { type DeadLetterParts, redrive } from "./redrive.ts";

/** Where the next step goes on: in a listing of sessions, and in the dead letters of the one after it. */
interface Place {
  /** Cursor of the listing before the session at hand; `null` for its beginning. */
  readonly sessions: string | null;
  /** The session at hand. */
  readonly of: string;
  /** Number of the last dead letter of it that was looked at. */
  readonly after: number;
}

/** One step. See `DeadLettersApi`. */
export async function redriveMany(
  parts: DeadLetterParts,
  selection: DeadLetterSelection,
  step: RedriveStep,
): Promise<RedriveProgress> {
  assertRequestId(step.requestId);
  const place = placeOf(step.after);
  if ("ref" in selection) {
    await getSession(parts.context.store.directory, selection.ref);
    const { sessionId: of } = selection.ref;
    const after = place.of === of ? place.after : 0;
    const { next, ...progress } = await redrivePage(parts, { ref: selection.ref, selection, after, step });
    return { ...progress, next: next === null ? null : cursorOf({ sessions: null, of, after: next }) };
  }
  const { tenantId } = selection;
  const page = await parts.context.store.deadLetters.listSessions({ tenantId, after: place.sessions, limit: 1 });
  const [session] = page.sessions;
  if (session === undefined) return { redriven: [], refused: [], next: null };
  const ref: SessionRef = { tenantId, sessionId: session.sessionId };
  const { sessionId: of } = session;
  // The session of the step before may have left the listing: another one begins at its beginning.
  const after = place.of === of ? place.after : 0;
  const { next, ...progress } = await redrivePage(parts, { ref, selection, after, step });
  if (next !== null) return { ...progress, next: cursorOf({ ...place, of, after: next }) };
  return { ...progress, next: page.next === null ? null : cursorOf({ sessions: page.next, of: "", after: 0 }) };
}

/** A page of one session's dead letters, in order: what was sent first is queued first. */
async function redrivePage(
  parts: DeadLetterParts,
  options: {
    readonly ref: SessionRef;
    readonly selection: DeadLetterSelection;
    readonly after: number;
    readonly step: RedriveStep;
  },
): Promise<{ redriven: RedrivenInput[]; refused: RefusedInput[]; next: number | null }> {
  const { ref, selection, after, step } = options;
  const limit = Math.max(1, Math.min(step.limit ?? SCRIPT_BATCH, SCRIPT_BATCH));
  const { items, next } = await parts.context.store.archive.listDeadLetters(ref, { after, limit });
  const redriven: RedrivenInput[] = [];
  const refused: RefusedInput[] = [];
  for (const record of items.filter((item) => isSelected(item, selection))) {
    const { inputId } = record;
    try {
      const admission = await redrive(parts, { ref, inputId }, { requestId: step.requestId });
      if (admission.kind === "rejected") refused.push({ ref, inputId, code: admission.reason });
      else redriven.push({ ref, inputId, by: admission.inputId });
    } catch (error) {
      if (!isAppError(error) || error.code === "store.unavailable") throw error;
      refused.push({ ref, inputId, code: error.code });
    }
  }
  return { redriven, refused, next };
}

function isSelected({ failure, outcome }: InputRecord, { code }: DeadLetterSelection): boolean {
  if (code === undefined) return true;
  return failure?.code === code || (outcome?.kind === "abandoned" && outcome.reason === code);
}

function cursorOf({ sessions, of, after }: Place): string {
  return [String(after), of, sessions ?? ""].map(encodeURIComponent).join(":");
}

/** @throws request.invalid */
function placeOf(cursor: string | undefined): Place {
  if (cursor === undefined) return { sessions: null, of: "", after: 0 };
  const [, after, of, sessions] = /^(\d{1,15}):([^:]*):([^:]*)$/.exec(cursor) ?? [];
  try {
    if (after === undefined || of === undefined || sessions === undefined) throw new URIError();
    return {
      sessions: sessions === "" ? null : decodeURIComponent(sessions),
      of: decodeURIComponent(of),
      after: Number(after),
    };
  } catch {
    // Neither of the form of a cursor, nor well encoded.
    throw new AppError("request.invalid", { message: "`after` is not a cursor of a previous step" });
  }
}
