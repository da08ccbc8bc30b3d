/** Turns a command into a call, by what the processes know at that moment. */
import type { InputId, NewInput, RequestId, RunId, SessionRef } from "@holdfast/contracts";
import type {
  AdmitCommand,
  AdmitReply,
  AdvanceCommand,
  AdvanceReply,
  ClaimCommand,
  ClaimReply,
  RegisterReply,
  Settlement,
  SettleStepReply,
  Store,
} from "@holdfast/runtime";
import {
  admitCommand,
  advanceCommand,
  binding,
  cancelled,
  completed,
  EXECUTOR,
  event,
  failed,
  offerOf,
  operation,
  progress,
  prompt,
  RELEASED,
  type Worker,
} from "../fixtures/commands.ts";
import { nodeId } from "../fixtures/ids.ts";
import type { DifferentialCommand, SentKind, Settling } from "./command.ts";
import { back, type KnownBatch, type Mind, OTHER_EXECUTOR, WORKERS } from "./mind.ts";
import { readEverything, settleChores } from "./reads.ts";

/** One call, to be made on both stores. */
export interface Call {
  /** For people. */
  readonly what: string;
  readonly touches: readonly SessionRef[];
  send(store: Store): Promise<unknown>;
  /** Takes note of the answer. */
  learn?(answer: unknown): void;
}

type Of<T extends DifferentialCommand["type"]> = Extract<DifferentialCommand, { type: T }>;

type Interpreters = {
  readonly [T in Exclude<DifferentialCommand["type"], "tick">]: (mind: Mind, command: Of<T>) => Call | null;
};

/** The call a command stands for; `null` when there is nothing to do it with yet. */
export function interpret(mind: Mind, command: Exclude<DifferentialCommand, { type: "tick" }>): Call | null {
  const interpreter = INTERPRETERS[command.type] as (mind: Mind, command: DifferentialCommand) => Call | null;
  return interpreter(mind, command);
}

function refOf(mind: Mind, session: number): SessionRef {
  return mind.refs[session % mind.refs.length] as SessionRef;
}

const NODES = ["sender", "watcher", "follower"].map(nodeId);

const INTERPRETERS: Interpreters = {
  admit: (mind, command) => {
    const ref = refOf(mind, command.session);
    const known = mind.settings.get(ref) ?? { revision: 0, settings: { silentIntents: [] } };
    return admitCall(
      mind,
      admitCommand(ref, mind.ids, {
        input: inputOf(command.kind, command.variant),
        ...(command.key === null ? {} : { key: `key ${command.key}` }),
        ...(command.hasOwnId ? { id: mind.ids.input() } : {}),
        ...(command.queue === null ? {} : { queue: command.queue }),
        notBeforeAt: command.delayMs === 0 ? 0 : mind.now + command.delayMs,
        settings: known.settings,
        settingsRevision: known.revision + (command.isStale ? 1 : 0),
        isWithoutWake: command.isWithoutWake,
        ...(command.isAwaited ? { replyTo: NODES[0] as (typeof NODES)[number] } : {}),
      }),
    );
  },
  flood: (mind, { session, count, delayMs }) => {
    const ref = refOf(mind, session);
    const commands = Array.from({ length: count }, () =>
      admitCommand(ref, mind.ids, {
        input: event("flood"),
        notBeforeAt: delayMs === 0 ? 0 : mind.now + delayMs,
        settingsRevision: mind.settings.get(ref)?.revision ?? 0,
      }),
    );
    return {
      what: `${count} admissions`,
      touches: [ref],
      send: (store) => Promise.all(commands.map((command) => store.ledger.admit(command))),
    };
  },
  repeat_admit: (mind, command) => {
    const known = back(mind.admits, command.back);
    return known === undefined ? null : admitCall(mind, known);
  },
  claim: (mind, command) => {
    const ref = refOf(mind, command.session);
    const digests = mind.digests.get(ref) ?? [];
    const cachedDigest = { none: null, current: digests.at(-1) ?? null, old: digests.at(-2) ?? "old" }[command.cached];
    const by = workerOf(command.worker, command);
    const { node } = by;
    const claim = { ref, claimId: mind.ids.claim(), node, cachedDigest, offer: offerOf(by, mind.ids) };
    return claimCall(mind, claim, command.worker);
  },
  repeat_claim: (mind, command) => {
    const known = back(mind.claims, command.back);
    return known === undefined ? null : claimCall(mind, known.command, known.worker);
  },
  advance: (mind, command) => {
    const known = back(mind.batches, command.back);
    if (known === undefined) return null;
    const by = workerOf(known.worker, { ...command, maxBytes: 1_000_000 });
    const next = command.isKept ? offerOf(by, mind.ids) : null;
    const settlement = settlementOf(command);
    const sound = advanceCommand(known.ref, known.batch, { node: by.node, settlement, next });
    return advanceCall(mind, flawed(sound, command.flaw), known.worker);
  },
  work: (mind, command) => {
    const ref = refOf(mind, command.session);
    const known = mind.inHand.get(ref);
    const by = workerOf(known?.worker ?? command.worker, { ...command, maxBytes: 1_000_000 });
    const { node } = by;
    if (known === undefined) {
      const claim = { ref, claimId: mind.ids.claim(), node, cachedDigest: null, offer: offerOf(by, mind.ids) };
      return claimCall(mind, claim, command.worker);
    }
    const next = command.isKept ? offerOf(by, mind.ids) : null;
    const settlement = settlementOf(command);
    return advanceCall(mind, advanceCommand(ref, known.batch, { node, settlement, next }), known.worker);
  },
  repeat_advance: (mind, command) => {
    const known = back(mind.advances, command.back);
    return known === undefined ? null : advanceCall(mind, known.command, known.worker);
  },
  renew: (mind, { count }) => {
    const holds = mind.batches.slice(-count).map(({ ref, batch }) => ({ ref, claimId: batch.fence.claimId }));
    if (holds.length === 0) return null;
    return { what: `renew ${count}`, touches: mind.refs, send: (store) => store.ledger.renew(holds) };
  },
  sweep: (mind, { limit }) => ({ what: "sweep", touches: mind.refs, send: (store) => store.ledger.sweep(limit) }),
  inspect: (mind, command) => {
    const ref = refOf(mind, command.session);
    return { what: "inspectDue", touches: [ref], send: (store) => store.ledger.inspectDue(ref) };
  },
  chores: (mind, command) => {
    const ref = refOf(mind, command.session);
    return { what: "settleChores", touches: [ref], send: (store) => settleChores(store, ref) };
  },
  watch: (mind, command) => {
    const known = back(mind.inputs, command.back) ?? {
      ref: mind.refs[0] as SessionRef,
      inputId: "inp_unknown_0" as InputId,
    };
    const watch = { ...known, node: command.node === null ? null : (NODES[command.node] ?? null) };
    return { what: `watch ${known.inputId}`, touches: [known.ref], send: (store) => store.ledger.watch(watch) };
  },
  control: (mind, { session, verb, request }) => {
    const ref = refOf(mind, session);
    const control = { ref, verb, requestId: requestOf(mind, request) };
    return { what: `${verb} as ${control.requestId}`, touches: [ref], send: (store) => store.control.apply(control) };
  },
  interrupt: (mind, { session, run, request }) => {
    const ref = refOf(mind, session);
    const current = mind.batches.filter((known) => known.ref === ref).at(-1)?.batch.fence.runId ?? null;
    const runId = { any: null, current, other: "run_of_another" as RunId }[run];
    const interrupt = { ref, requestId: requestOf(mind, request), runId };
    return { what: `interrupt ${runId}`, touches: [ref], send: (store) => store.control.interrupt(interrupt) };
  },
  register: (mind, command) => {
    const ref = refOf(mind, command.session);
    const settings = command.hasSettings ? { silentIntents: ["gossip"] } : null;
    const register = { ref, binding: bindingOf(command.binding), settings, mayRevive: command.mayRevive };
    return {
      what: `register ${command.binding}`,
      touches: [ref],
      send: (store) => store.directory.register(register),
      learn: (answer) => {
        const reply = answer as RegisterReply;
        if (reply.kind === "refused") return;
        const known = mind.settings.get(ref)?.settings ?? { silentIntents: [] };
        mind.settings.set(ref, { revision: reply.settingsRevision, settings: settings ?? known });
      },
    };
  },
  configure: (mind, { session, isSilent }) => {
    const ref = refOf(mind, session);
    const settings = { silentIntents: isSilent ? ["gossip"] : [] };
    return {
      what: "configure",
      touches: [ref],
      send: (store) => store.directory.configure(ref, settings),
      learn: (revision) => {
        if (revision !== null) mind.settings.set(ref, { revision: revision as number, settings });
      },
    };
  },
  follow: (mind, { session, node, forMs }) => {
    const ref = refOf(mind, session);
    const follow = { ref, node: NODES[node] as (typeof NODES)[number], forMs };
    return { what: "follow", touches: [ref], send: (store) => store.directory.follow(follow) };
  },
  step: (mind, command) => {
    const known = back(mind.batches, command.back);
    if (known === undefined) return null;
    const { fence } = known.batch;
    const settled = mind.steps.get(fence.runId) ?? 0;
    const index = { next: settled + 1, again: Math.max(1, settled), gap: settled + 2 }[command.at];
    const step = { ref: known.ref, fence, index, key: `step${command.key}`, value: `{"n": ${mind.now}}` };
    return {
      what: `settle step ${index} of ${fence.runId}`,
      touches: [known.ref],
      send: (store) => store.journal.settle(step),
      learn: (answer) => {
        const reply = answer as SettleStepReply;
        if (reply.kind === "settled") mind.steps.set(fence.runId, Math.max(settled, index));
      },
    };
  },
  steps: (mind, command) => {
    const known = back(mind.batches, command.back);
    if (known === undefined) return null;
    const load = { ref: known.ref, runId: known.batch.fence.runId, entries: command.count };
    return { what: "load steps", touches: [], send: (store) => store.journal.load(load) };
  },
  adopt: (mind, { executor, limit }) => {
    const name = executor === 0 ? EXECUTOR : OTHER_EXECUTOR;
    return { what: `adopt ${name}`, touches: mind.refs, send: (store) => store.presence.adopt(name, limit) };
  },
  read: (mind, { session, after, limit }) => {
    const ref = refOf(mind, session);
    return { what: "read", touches: [], send: (store) => readEverything(store, ref, { after, limit }) };
  },
  crash: (mind, { worker }) => {
    mind.batches = mind.batches.filter((known) => known.worker !== worker);
    for (const [ref, known] of mind.inHand) if (known.worker === worker) mind.inHand.delete(ref);
    return null;
  },
};

function workerOf(
  index: number,
  options: { readonly maxInputs: number; readonly maxBytes: number; readonly isBatching: boolean },
): Worker {
  const { maxInputs, maxBytes, isBatching } = options;
  return { ...(WORKERS[index] as Worker), maxInputs, maxBytes, batching: isBatching ? [EXECUTOR] : [] };
}

function bindingOf(name: Of<"register">["binding"]) {
  switch (name) {
    case "none":
      return null;
    case "other":
      return binding("hold", OTHER_EXECUTOR);
    case "hold":
    case "defer":
      return binding(name);
  }
}

function requestOf(mind: Mind, request: number | null): RequestId {
  return request === null ? mind.ids.request() : (`request ${request}` as RequestId);
}

function admitCall(mind: Mind, command: AdmitCommand): Call {
  const { ref, input } = command;
  return {
    what: `admit ${input.id}`,
    touches: [ref],
    send: (store) => store.ledger.admit(command),
    learn: (answer) => {
      mind.admits.push(command);
      if ((answer as AdmitReply).kind === "accepted") mind.inputs.push({ ref, inputId: input.id });
    },
  };
}

function claimCall(mind: Mind, command: ClaimCommand, worker: number): Call {
  return {
    what: `claim ${command.claimId} by ${command.node}`,
    touches: [command.ref],
    send: (store) => store.ledger.claim(command),
    learn: (answer) => {
      const reply = answer as ClaimReply;
      mind.claims.push({ command, worker });
      if (reply.kind === "staged") remember(mind, { ref: command.ref, worker, batch: reply.batch });
    },
  };
}

function advanceCall(mind: Mind, command: AdvanceCommand, worker: number): Call {
  const { ref, fence, settlement } = command;
  return {
    what: `advance ${fence.runId} under ${fence.token} as ${settlement.kind}`,
    touches: [ref],
    send: (store) => store.ledger.advance(command),
    learn: (answer) => {
      const reply = answer as AdvanceReply;
      mind.advances.push({ command, worker });
      if (mind.inHand.get(ref)?.batch.fence.token === fence.token) mind.inHand.delete(ref);
      if (reply.kind !== "committed") return;
      if ("digest" in settlement) mind.digests.set(ref, [...(mind.digests.get(ref) ?? []), settlement.digest]);
      if (reply.next.kind === "staged") remember(mind, { ref, worker, batch: reply.next.batch });
    },
  };
}

function remember(mind: Mind, known: KnownBatch): void {
  mind.batches = [...mind.batches, known];
  mind.inHand.set(known.ref, known);
  mind.steps.set(known.batch.fence.runId, known.batch.journalEntries);
}

function settlementOf({ settlement, delayMs }: Settling): Settlement {
  switch (settlement) {
    case "completed":
      return completed({ output: { answer: delayMs } });
    case "with_state":
      return completed({ state: { at: delayMs } });
    case "cancelled":
      return cancelled({ state: ["cancelled"] });
    case "failed":
      return failed({ retryDelayMs: delayMs });
    case "delayed":
      return failed({ retryDelayMs: delayMs, isDelayExplicit: true });
    case "fatal":
      return failed({ isRetryable: false, failure: { code: "executor.fatal", message: 'for "good" | and all' } });
    case "released":
      return RELEASED;
  }
}

function flawed(command: AdvanceCommand, flaw: Of<"advance">["flaw"]): AdvanceCommand {
  const { fence } = command;
  const changes: Readonly<Record<Of<"advance">["flaw"], Partial<AdvanceCommand>>> = {
    none: {},
    token: { fence: { ...fence, token: fence.token + 1 } },
    claim: { fence: { ...fence, claimId: "clm_of_another" as typeof fence.claimId } },
    run: { fence: { ...fence, runId: "run_of_another" as RunId } },
    position: { expectedPosition: command.expectedPosition + 1 },
    digest: { previousDigest: "another" },
    sequence: { sequence: command.sequence + 1 },
    contributors: { contributors: command.contributors.slice(1) },
    settlement: { settlementDigest: `not ${command.settlementDigest}` },
    attempt: { attempt: command.attempt + 1 },
  };
  return { ...command, ...changes[flaw] };
}

function inputOf(kind: SentKind, variant: number): NewInput {
  const text = variant === 0 ? "short" : "é".repeat(400);
  switch (kind) {
    case "prompt":
      return prompt(text);
    case "event":
      return { ...event("mail"), metadata: { text } };
    case "steered":
      return { ...event("mail", { lane: "steer" }), metadata: { text } };
    case "scoped":
      return { ...event("mail", { scope: `scope ${variant}` }), metadata: { text } };
    case "progress":
      return progress(`scope|${variant}`);
    case "peer_steered":
      return { kind: "peer", body: text, source: { type: "peer", peerId: "peer" }, handlingMode: "steer" };
    case "silent":
      return {
        kind: "peer",
        body: text,
        source: { type: "peer", peerId: "peer" },
        convention: { type: "request", requestId: "request", intent: "gossip" },
      };
    case "operation":
      return operation(text.slice(0, 100));
    case "continuation":
      return { kind: "continuation", reason: text.slice(0, 100), source: { type: "system" } };
  }
}
