/** Sends a dead letter again: an admission of what it says, under an id that its request id derives. */
import {
  type Admission,
  AppError,
  type Input,
  type InputId,
  type NewInput,
  type SessionRef,
} from "@holdfast/contracts";
import type { RedriveOptions } from "../api/dead-letters.ts";
import { assertRequestId } from "../control/assert-command.ts";
import { derivedInputId } from "../ingress/derived-id.ts";
import type { Ingress } from "../ingress/ingress.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { getSession } from "../session/get-session.ts";

/** What dead letters are handled with. */
export interface DeadLetterParts {
  readonly context: RuntimeContext;
  readonly ingress: Ingress;
}

/** What an operator may not give an input: who it is, and what it was sent under. */
const FIXED = ["id", "idempotencyKey"] as const;

/** Redrives one dead letter. See `DeadLettersApi`. */
export async function redrive(
  { context, ingress }: DeadLetterParts,
  { ref, inputId }: { readonly ref: SessionRef; readonly inputId: InputId },
  { requestId, edit = {} }: RedriveOptions,
): Promise<Admission> {
  assertRequestId(requestId);
  for (const field of FIXED) {
    if (field in edit) throw new AppError("request.invalid", { message: `an edit may not name ${field}` });
  }
  const record = await context.store.archive.findInput(ref, inputId);
  // A session that is being destroyed may still have the row of an input, without what it said.
  if (record === null || record.payload === "") throw await missingInput(context, ref);
  const id = derivedInputId(context.sha256, ref, ["redrive", inputId, requestId]);
  const {
    idempotencyKey: _owned,
    notBefore: _waited,
    expiresAt: _over,
    lineage: _merged,
    ...input
  } = JSON.parse(record.payload) as NewInput & Pick<Input, "lineage">;
  const prepared = ingress.prepare(ref, { ...input, ...edit, id } as NewInput);
  return ingress.admit(ref, prepared, { isAwaited: false, redriveOf: inputId });
}

/** What an input that is not there is told as: it may have gone with its session. @throws session.not_found, session.destroyed */
export async function missingInput({ store }: RuntimeContext, ref: SessionRef): Promise<AppError> {
  await getSession(store.directory, ref);
  return new AppError("input.not_found");
}
