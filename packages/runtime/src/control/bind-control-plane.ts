import {
  AppError,
  CallerEvent,
  type ControlReport,
  MAX_EVENT_BYTES,
  type RequestId,
  type SessionRef,
} from "@holdfast/contracts";
import { canonicalJson, findJsonFault, INPUT_TABLE, isFinalPhase } from "@holdfast/domain";
import type {
  CommandOptions,
  ControlPlaneApi,
  PublishedEvent,
  StopCommand,
  VerbCommand,
} from "../api/control-plane.ts";
import { getRecord } from "../session/get-session.ts";
import { toSessionView } from "../session/session-view.ts";
import type { InputView, SessionRuntime } from "../session-runtime.ts";
import { applyByLabel } from "./apply-by-label.ts";
import { assertRequestId } from "./assert-command.ts";
import { applyVerb, type ControlParts, interruptRun } from "./control-plane.ts";
import { issuesOf } from "./issues-of.ts";
import { setLabels } from "./session-labels.ts";

/** What the control plane asks of the rest of the runtime. */
export interface ControlPlaneParts extends ControlParts {
  /** Something about the session changed that its drain goes by. */
  readonly changed: (ref: SessionRef) => void;
  readonly runtime: Pick<SessionRuntime, "acceptInput" | "listInputs">;
}

/** The methods of {@link ControlPlaneApi}; every verb takes one way. */
export function bindControlPlane(parts: ControlPlaneParts): ControlPlaneApi {
  const { directory } = parts.context.store;
  const control = async (ref: SessionRef, command: VerbCommand) => {
    const report = await applyVerb(parts, ref, command);
    if (command.dryRun !== true) parts.changed(ref);
    return report;
  };
  const give = (verb: VerbCommand["verb"]) => {
    return (ref: SessionRef, options: CommandOptions = {}): Promise<ControlReport> =>
      control(ref, { verb, ...options, requestId: requestIdOf(parts, options) });
  };
  return {
    control,
    retire: give("retire"),
    recycle: give("recycle"),
    reset: give("reset"),
    recover: give("recover"),
    destroy: give("destroy"),
    stopRuntimeExecutor: (ref, command = {}) => stopExecutor(parts, ref, { command, stop: give("stop") }),
    retireRuntime: give("retire"),
    resetRuntime: give("reset"),
    runtimeState: async (ref) => toSessionView(await getRecord(directory, ref)).state,
    runtimeMode: async (ref) => {
      await getRecord(directory, ref);
      return "compliant";
    },
    containsSession: async (ref) => {
      const record = await directory.find(ref);
      return record !== null && !isFinalPhase(record.phase);
    },
    sessionHasExecutor: async (ref) => (await directory.find(ref))?.binding != null,
    listActiveInputs: (ref) => listActive(parts, ref),
    ingest: (ref, input, options) => parts.runtime.acceptInput(ref, input, options),
    publishEvent: (ref, event, options = {}) =>
      publishEvent(parts, ref, { event, requestId: requestIdOf(parts, options) }),
    setSessionLabels: (ref, labels) => setLabels(parts.context, ref, labels),
    controlByLabel: (command, onResult = () => {}) =>
      applyByLabel({ context: parts.context, control }, command, onResult),
  };
}

function requestIdOf({ context }: ControlPlaneParts, { requestId }: CommandOptions): RequestId {
  return requestId ?? (context.random.id("req") as RequestId);
}

function stopExecutor(
  parts: ControlPlaneParts,
  ref: SessionRef,
  {
    command,
    stop,
  }: { command: StopCommand; stop: (ref: SessionRef, options: CommandOptions) => Promise<ControlReport> },
): Promise<ControlReport> {
  const { command: what = "stop", ...options } = command;
  if (what === "stop") return stop(ref, options);
  return interruptRun(parts, ref, { ...options, requestId: requestIdOf(parts, options) });
}

const PAGE = 500;

async function listActive({ runtime }: ControlPlaneParts, ref: SessionRef): Promise<readonly InputView[]> {
  const active: InputView[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: Awaited<ReturnType<typeof runtime.listInputs>> = await runtime.listInputs(ref, { after, limit: PAGE });
    active.push(...page.items.filter(({ status }) => !INPUT_TABLE.finalStates.includes(status)));
    after = page.next;
  }
  return active;
}

/** @throws event.invalid, session.not_found, session.destroyed, idempotency.mismatch */
async function publishEvent(
  { context, publish }: ControlPlaneParts,
  ref: SessionRef,
  { event, requestId }: { readonly event: CallerEvent; readonly requestId: RequestId },
): Promise<PublishedEvent> {
  assertRequestId(requestId);
  // Before the schema, which recurses, and the digest, which has none for what is no JSON.
  const fault = findJsonFault(event, context.inputLimits);
  if (fault !== null) throw new AppError("event.invalid", { details: { fault: fault.kind, path: fault.path } });
  const parsed = CallerEvent.safeParse(event);
  if (!parsed.success)
    throw new AppError("event.invalid", { cause: parsed.error, details: { issues: issuesOf(parsed.error) } });
  const { name } = parsed.data;
  const payload = canonicalJson(parsed.data.payload);
  const bytes = new TextEncoder().encode(payload).length;
  if (bytes > MAX_EVENT_BYTES) throw new AppError("event.invalid", { details: { bytes, limit: MAX_EVENT_BYTES } });
  const digest = context.sha256(JSON.stringify([name, payload]));
  const reply = await context.store.control.publish({ ref, requestId, name, payload, digest });
  switch (reply.kind) {
    case "published":
      publish({ ref, settled: [], followers: reply.followers, cursor: reply.cursor });
      return { cursor: reply.cursor, isRepeat: reply.isRepeat };
    case "mismatch":
      throw new AppError("idempotency.mismatch", { message: "this request id was used for another event" });
    case "refused":
      throw new AppError("session.destroyed");
    case "missing":
      throw new AppError("session.not_found");
  }
}
