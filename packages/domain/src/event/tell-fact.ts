/** What readers are told of a fact: the rule from what a session keeps to what it reports. */
import type { ControlVerb, InputId, RuntimeEvent, SessionEvent, SessionId } from "@holdfast/contracts";

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
  "run.cancelled": (event) => [{ event }, ...event.inputIds.map(cancelled)],
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

function staged({ runId }: Fact<"run.started">, inputId: InputId): ToldEvent {
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
  const { runId, inputIds } = event;
  const applied = inputIds.map((inputId) => ({ type: "input.applied", inputId, runId }) as const);
  const consumed = inputIds.map((inputId) => ({ type: "input.consumed", inputId, runId }) as const);
  return [{ event }, ...[...applied, ...consumed].map((told) => ({ event: told, inputId: told.inputId, causedBy: 1 }))];
}
