import type { SessionEvent } from "@holdfast/contracts";
import type {
  Control,
  Journal,
  LoadStepsQuery,
  PublishCommand,
  PublishReply,
  SettledStep,
  SettleStepCommand,
  SettleStepReply,
} from "@holdfast/runtime";
import { isFenceOf } from "../run/run.ts";
import { keepRequest } from "../session/ring.ts";
import { isFinal } from "../session/transitions.ts";
import { emit, liveFollowers, type MemoryContext, openSession } from "../session/work.ts";
import { applyVerb } from "./apply-verb.ts";
import { interrupt } from "./interrupt.ts";
import { resume } from "./resume.ts";

/** The control plane's writes in process. */
export function createMemoryControl(context: MemoryContext): Control {
  return {
    apply: async (command) => applyVerb(context, command),
    interrupt: async (command) => interrupt(context, command),
    publish: async (command) => publish(context, command),
    resume: async (command) => resume(context, command),
  };
}

/** Appends an event of a caller, once per request id (C7). */
function publish(context: MemoryContext, { ref, requestId, name, payload, digest }: PublishCommand): PublishReply {
  const work = openSession(context, ref);
  if (work === null) return { kind: "missing" };
  const { session } = work;
  const known = session.published.get(requestId);
  const followers = liveFollowers(work);
  if (known !== undefined && known.digest !== digest) return { kind: "mismatch" };
  if (known !== undefined) return { kind: "published", isRepeat: true, cursor: known.cursor, followers };
  if (isFinal("session", session.phase)) return { kind: "refused", phase: session.phase };
  emit(work, { type: "caller.event", name, payload: JSON.parse(payload) as JsonValue });
  session.published.set(requestId, { cursor: session.cursor, digest });
  keepRequest(session, "published", requestId);
  return { kind: "published", isRepeat: false, cursor: session.cursor, followers };
}

type JsonValue = Extract<SessionEvent, { type: "caller.event" }>["payload"];

/** The step journal in process. */
export function createMemoryJournal(context: MemoryContext): Journal {
  return {
    load: async (query) => loadSteps(context, query),
    settle: async (command) => settleStep(context, command),
  };
}

function loadSteps(context: MemoryContext, { ref, runId, entries }: LoadStepsQuery): readonly SettledStep[] {
  const stored = openSession(context, ref)?.session.journals.get(runId);
  const steps: SettledStep[] = [];
  for (let index = 1; index <= entries; index += 1) {
    const step = stored?.get(index);
    // A gap means that the run has ended and its journal is being removed: nobody needs the rest.
    if (step === undefined) return steps;
    steps.push(step);
  }
  return steps;
}

/** Stores the result of a step of the staged run, once (J1, J2). */
function settleStep(context: MemoryContext, command: SettleStepCommand): SettleStepReply {
  const work = openSession(context, command.ref);
  const hold = work?.session.hold ?? null;
  if (work === null || hold === null || !isFenceOf(hold, command.fence)) return { kind: "fenced" };
  const { session, now } = work;
  const { index, key, value } = command;
  const steps = session.journals.get(hold.runId) ?? new Map<number, SettledStep>();
  if (index <= hold.journal) {
    const known = steps.get(index);
    return known?.key === key ? { kind: "settled", value: known.value } : { kind: "fenced" };
  }
  if (index !== hold.journal + 1) return { kind: "fenced" };
  steps.set(index, { key, value });
  session.journals.set(hold.runId, steps);
  hold.journal = index;
  hold.progressAt = now;
  hold.stalledAt = 0;
  return { kind: "settled", value };
}
