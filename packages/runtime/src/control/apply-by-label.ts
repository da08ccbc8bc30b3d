import {
  AppError,
  type ControlReport,
  isAppError,
  Label,
  type LabelledResult,
  type LabelProgress,
  type RequestId,
  type SessionId,
  type SessionRef,
} from "@holdfast/contracts";
import type { LabelCommand, VerbCommand } from "../api/control-plane.ts";
import type { SessionPage } from "../ports/session-directory.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { assertRequestId, assertVerb } from "./assert-command.ts";

/** What applying a verb to many sessions needs. */
export interface LabelParts {
  readonly context: RuntimeContext;
  readonly control: (ref: SessionRef, command: VerbCommand) => Promise<ControlReport>;
}

/** Sessions of one page, all of which are told at once. */
const SESSIONS_AT_ONCE = 16;

/** Applies a verb to every session of a label, page by page. @throws label.invalid, id.invalid, request.invalid, store.unavailable */
export async function applyByLabel(
  parts: LabelParts,
  command: LabelCommand,
  onResult: (result: LabelledResult) => void,
): Promise<LabelProgress> {
  assertVerb(command.verb);
  assertRequestId(command.requestId);
  const parsed = Label.safeParse(command.label);
  if (!parsed.success) throw new AppError("label.invalid", { cause: parsed.error });
  const { tenantId, label } = command;
  const progress = { applied: 0, refused: 0, inputsAbandoned: 0 };
  for (let after: string | null = null; ; ) {
    const query = { tenantId, label, after, limit: SESSIONS_AT_ONCE };
    const page: SessionPage = await parts.context.store.directory.list(query);
    const results = await Promise.all(page.sessions.map(({ sessionId }) => applyToOne(parts, sessionId, command)));
    for (const result of results) {
      progress[result.kind] += 1;
      if (result.kind === "applied") progress.inputsAbandoned += result.report.inputsAbandoned;
      onResult(result);
    }
    if (page.next === null) return progress;
    after = page.next;
  }
}

async function applyToOne(
  { context, control }: LabelParts,
  sessionId: SessionId,
  { tenantId, verb, requestId, dryRun = false }: LabelCommand,
): Promise<LabelledResult> {
  // Derived, so that the operator's id may name another command of one of the sessions.
  const own = context.sha256(JSON.stringify([requestId, verb, sessionId]));
  try {
    const report = await control({ tenantId, sessionId }, { verb, requestId: `bulk_${own}` as RequestId, dryRun });
    return { kind: "applied", sessionId, report };
  } catch (error) {
    // An outcome that is unknown ends the whole: the same request id takes it up again.
    if (!isAppError(error) || error.code === "store.unavailable") throw error;
    return { kind: "refused", sessionId, code: error.code, message: error.message };
  }
}
