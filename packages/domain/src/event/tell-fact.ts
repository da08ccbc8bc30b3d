/** What readers are told of a fact: the rule from what a session keeps to what it reports. */
import type { ControlVerb, InputId, RunId, RuntimeEvent, SessionEvent, SessionId } from "@holdfast/contracts";

/** A fact, and the session it is about. */
export interface FactOfSession {
  readonly sessionId: SessionId;
  readonly event: SessionEvent;
}

/** An event, and which of its fact's events it follows from. */
export interface ToldEvent {
  readonly event: RuntimeEvent;
  /** Place among the fact's events, from 1; absent for one that does not follow from them. */
  readonly causedBy?: number;
  /** The input it is about, if it is about one. */
  readonly inputId?: InputId;
}

const TOPOLOGY: Readonly<Partial<Record<ControlVerb, Extract<RuntimeEvent, { sessionId: SessionId }>["type"]>>> = {
  retire: "topology.runtime_retired",
  recycle: "topology.runtime_recycled",
  destroy: "topology.runtime_destroyed",
};

type Fact<T extends SessionEvent["type"]> = Extract<SessionEvent, { type: T }>;

type Teller<T extends SessionEvent["type"]> = (fact: Fact<T>, sessionId: SessionId) => readonly ToldEvent[];

/** A fact that is no event itself must be told as others. */
type Retold = Exclude<SessionEvent["type"], RuntimeEvent["type"]>;
type Tellers = { readonly [T in Retold]: Teller<T> } & { readonly [T in SessionEvent["type"]]?: Teller<T> };

/** How facts are told that are more, or other, than one event. */
const TELLERS: Tellers = {
  "session.registered": (fact, sessionId) => [
    { event: { type: "topology.runtime_created", sessionId } },
    ...boundTo(fact.executor),
  ],
  "session.bound": ({ executor }) => [{ event: { type: "runtime.bound", executor } }],
  "session.revived": ({ from, to }) => [{ event: { type: "runtime.state_changed", by: "register", from, to } }],
  "session.phase_changed": phaseChanged,
  "input.admitted": admitted,
  "run.started": (event) => [{ event }, ...event.inputIds.map((inputId) => staged(event, inputId))],
  "run.completed": committed,
  "run.cancelled": (event) => [{ event }, ...event.inputIds.map(cancelled), ...consumed(event, event.applied)],
  "run.rolled_back": (event) => [{ event }, ...event.inputIds.map(cancelled), ...consumed(event, event.applied)],
  "run.exhausted": (event) => [{ event }, ...consumed(event, event.inputIds)],
  "run.steered": (event) => [{ event }, ...event.inputIds.map((inputId) => staged(event, inputId))],
  "run.checkpointed": (event) => [{ event }, ...applied(event)],
  "run.suspended": (event) => [{ event }, ...applied(event)],
  "run.superseded": superseded,
  "run.failed": (event) => [{ event }, ...event.requeued.map(requeued)],
  "run.lost": (event) => [{ event }, ...event.requeued.map(requeued)],
  "run.released": (event) => [{ event }, ...event.requeued.map(requeued)],
};

/** The events of a fact, in order: accepted, queued, staged, applied, consumed along the life of an input. */
export function tellFact({ sessionId, event }: FactOfSession): readonly ToldEvent[] {
  const tell = TELLERS[event.type] as Teller<SessionEvent["type"]> | undefined;
  if (tell !== undefined) return tell(event, sessionId);
  return [
    {
      event: event as Exclude<SessionEvent, { type: Retold }>,
      ...("inputId" in event ? { inputId: event.inputId } : {}),
    },
  ];
}

function boundTo(executor: string | undefined): readonly ToldEvent[] {
  return executor === undefined ? [] : [{ event: { type: "runtime.bound", executor }, causedBy: 1 }];
}

function phaseChanged({ verb, from, to }: Fact<"session.phase_changed">, sessionId: SessionId): readonly ToldEvent[] {
  const changed: ToldEvent = { event: { type: "runtime.state_changed", by: verb, from, to } };
  const type = TOPOLOGY[verb];
  return type === undefined ? [changed] : [changed, { event: { type, sessionId }, causedBy: 1 }];
}

function admitted({ inputId, admission, isConsumed }: Fact<"input.admitted">): readonly ToldEvent[] {
  return [
    { event: { type: "input.accepted", inputId, admission }, inputId },
    { event: { type: isConsumed === true ? "input.consumed" : "input.queued", inputId }, inputId, causedBy: 1 },
  ];
}

function staged({ runId }: { readonly runId: RunId }, inputId: InputId): ToldEvent {
  return { event: { type: "input.staged", inputId, runId }, inputId, causedBy: 1 };
}

function cancelled(inputId: InputId): ToldEvent {
  return { event: { type: "input.abandoned", inputId, reason: "cancelled" }, inputId, causedBy: 1 };
}

function requeued(inputId: InputId): ToldEvent {
  const event: RuntimeEvent = { type: "input.state_transitioned", inputId, from: "staged", to: "queued" };
  return { event, inputId, causedBy: 1 };
}

/** The run first: that its inputs were applied and consumed follows from it. */
function committed(event: Fact<"run.completed">): readonly ToldEvent[] {
  return [{ event }, ...applied(event), ...consumed(event, [...(event.applied ?? []), ...event.inputIds])];
}

type Contributing = { readonly runId: RunId; readonly inputIds: readonly InputId[] };

function applied({ runId, inputIds }: Contributing): readonly ToldEvent[] {
  return inputIds.map((inputId) => ({ event: { type: "input.applied", inputId, runId }, inputId, causedBy: 1 }));
}

function consumed({ runId }: Contributing, inputIds: readonly InputId[] = []): readonly ToldEvent[] {
  return inputIds.map((inputId) => ({ event: { type: "input.consumed", inputId, runId }, inputId, causedBy: 1 }));
}

function superseded(event: Fact<"run.superseded">): readonly ToldEvent[] {
  const { by, inputIds, applied: earlier = [] } = event;
  const ended = [...earlier, ...inputIds];
  return [
    { event },
    ...ended.map((inputId) => ({ event: { type: "input.superseded", inputId, by }, inputId, causedBy: 1 }) as const),
  ];
}
