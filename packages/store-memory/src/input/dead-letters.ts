/** What an operator decides about inputs whose budget is spent (D51, D52). */
import type { InputId, SessionRef } from "@holdfast/contracts";
import type { DeadLetters, DiscardReply, ListQuery, SessionPage } from "@holdfast/runtime";
import { listPage } from "../session/memory-session-directory.ts";
import type { InputData } from "../session/session-data.ts";
import { emit, liveFollowers, type MemoryContext, openSession, originOf, type Work } from "../session/work.ts";

/** Dead letters in process. */
export function createMemoryDeadLetters(context: MemoryContext): DeadLetters {
  return {
    discard: async (ref, inputId) => discard(context, ref, inputId),
    listSessions: async (query) => listSessions(context, query),
  };
}

/** Takes an input from among the dead letters: somebody redrove it, under another id, or discarded it. */
export function closeLetter({ session }: Work, input: InputData, redrivenBy: InputId | null): void {
  session.deadLetters[input.letter - 1] = null;
  input.letter = 0;
  input.redrivenBy = redrivenBy;
  session.openLetters -= 1;
}

function discard(context: MemoryContext, ref: SessionRef, inputId: InputId): DiscardReply {
  const work = openSession(context, ref);
  if (work === null) return { kind: "missing" };
  const input = work.session.inputs.get(inputId);
  if (input === undefined) return { kind: "no_input" };
  if (input.letter === 0) return { kind: "not_dead_letter", redrivenBy: input.redrivenBy };
  closeLetter(work, input, null);
  emit(work, { type: "input.discarded", inputId }, originOf(input.cursor, [input]));
  return { kind: "discarded", followers: liveFollowers(work), cursor: work.session.cursor };
}

function listSessions(context: MemoryContext, query: ListQuery): SessionPage {
  const { listed, sessions } = context.data();
  return listPage({ sessions, listed: listed.filter((member) => (sessions.get(member)?.openLetters ?? 0) > 0) }, query);
}
