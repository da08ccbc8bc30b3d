import { AppError, type Binding, type SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { Drains } from "../comms/drains.ts";
import { assertLabels, setLabels } from "../control/session-labels.ts";
import type { SessionRecord } from "../ports/session-directory.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { RegisterOptions, SessionView } from "../session-runtime.ts";
import { assertBinding } from "./assert-binding.ts";
import { assertSettings } from "./assert-settings.ts";
import { getRecord } from "./get-session.ts";
import { toSessionView } from "./session-view.ts";

/** What registering works with. */
export interface RegisterParts {
  readonly context: RuntimeContext;
  readonly drains: Pick<Drains, "look">;
}

/** Creates, finds or revives a session; with a binding, binds it. See `registerSession` and `ensureSessionWithExecutor`. */
export async function registerSession(
  { context, drains }: RegisterParts,
  ref: SessionRef,
  options: RegisterOptions & { readonly binding: Binding | null },
): Promise<SessionView> {
  const { directory } = context.store;
  const { binding, settings = null, labels } = options;
  assertOptions(options);
  // What is not to be found whole is not to be registered over.
  const before = await directory.find(ref);
  if (before !== null) assertConsistent(before);
  const reply = await directory.register({ ref, binding, settings, mayRevive: true });
  if (reply.kind === "refused" && isFinalPhase(reply.phase)) throw new AppError("session.destroyed");
  if (reply.kind === "refused" && reply.open.length > 0) {
    throw new AppError("session.unregistering", { details: { open: reply.open } });
  }
  if (reply.kind !== "refused" && labels !== undefined) await setLabels(context, ref, labels);
  const record = await getRecord(directory, ref);
  assertConsistent(record);
  const view = toSessionView(record);
  drains.look(ref);
  if (reply.kind !== "refused") return view;
  throw new AppError("control.refused", {
    message: `the session is ${reply.phase} and cannot be registered`,
    details: { phase: reply.phase, state: view.state, legalVerbs: view.legalVerbs },
  });
}

/** Before the session is there: a registration that is refused leaves nothing. @throws request.invalid, label.invalid */
function assertOptions({ binding, settings, labels }: RegisterOptions & { readonly binding: Binding | null }): void {
  if (binding !== null) assertBinding(binding);
  if (settings !== undefined) assertSettings(settings);
  if (labels !== undefined) assertLabels(labels);
}

/** A phase in which nothing is ever left to do holds no work. @throws store.corrupt */
export function assertConsistent({ phase, queued, scheduled, hasRun }: SessionRecord): void {
  if (phase !== "stopped" && !isFinalPhase(phase)) return;
  if (queued + scheduled === 0 && !hasRun) return;
  throw new AppError("store.corrupt", {
    message: `the session is ${phase} and still has work`,
    details: { phase, queued, scheduled, hasRun },
  });
}
