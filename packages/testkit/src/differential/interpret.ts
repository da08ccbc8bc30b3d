/** Turns a command into a call, by what the processes know at that moment. */
import type { InputId, Overlap, OverlapPolicy, RequestId, RunId, SessionRef } from "@holdfast/contracts";
import type { AdmitCommand, SettleStepReply } from "@holdfast/runtime";
import { admitCommand, advanceCommand, binding, EXECUTOR, offerOf } from "../fixtures/commands.ts";
import { nodeId } from "../fixtures/ids.ts";
import {
  admitCall,
  advanceCall,
  type Call,
  choresCall,
  claimCall,
  controlCall,
  floodCall,
  registerCall,
} from "./calls.ts";
import type { DifferentialCommand, SessionCommand } from "./command.ts";
import { companionCall, isCompanionCommand } from "./companion-calls.ts";
import { checkpointOf } from "./live-runs.ts";
import {
  back,
  everySession,
  latestOperation,
  type Mind,
  OTHER_EXECUTOR,
  registryOf,
  type Standing,
  standingOf,
  succeed,
} from "./mind.ts";
import { isOperationCommand, operationCall } from "./operation-calls.ts";
import { readEverything } from "./reads.ts";
import { bindingOf, flawed, inputOf, settlementOf, workerOf } from "./samples.ts";
import { isStreamCommand, streamCall } from "./stream-calls.ts";

type Of<T extends DifferentialCommand["type"]> = Extract<DifferentialCommand, { type: T }>;

type Interpreters = {
  readonly [T in Exclude<SessionCommand["type"], NoCall["type"]>]: (mind: Mind, command: Of<T>) => Call | null;
};

/** A command that is no call by itself: time that passes, somebody who dies, an answer that will be lost. */
type NoCall = Extract<DifferentialCommand, { type: "tick" | "lose" | "lose_reply" }>;

/** A command that is a call. */
type CallCommand = Exclude<DifferentialCommand, NoCall>;

/** The call a command stands for; `null` when there is nothing to do it with yet. */
export function interpret(mind: Mind, command: CallCommand): Call | null {
  if (isOperationCommand(command)) return operationCall(mind, command);
  if (isCompanionCommand(command)) return companionCall(mind, command);
  if (isStreamCommand(command)) return streamCall(mind, command);
  const interpreter = INTERPRETERS[command.type] as (mind: Mind, command: DifferentialCommand) => Call | null;
  return interpreter(mind, command);
}

function standingAt(mind: Mind, session: number): Standing {
  return mind.standings[session % mind.standings.length] as Standing;
}

function refOf(mind: Mind, session: number): SessionRef {
  return standingAt(mind, session).ref;
}

function overlapOf(policy: OverlapPolicy | null): { readonly overlap?: Overlap } {
  if (policy === null) return {};
  return { overlap: policy === "debounce" ? { policy, windowMs: 1_000 } : policy };
}

/** Made of the queued input that the session named last; it may be another one by now. */
function mergeOf(mind: Mind, ref: SessionRef, { overlap, variant }: Of<"admit">): AdmitCommand["merge"] {
  const queuedId = standingOf(mind, ref)?.mergeable ?? null;
  if (overlap !== "merge" || queuedId === null) return null;
  return variant === 1 ? "declined" : { queuedId, id: mind.ids.input(), payload: '{"merged": "é"}' };
}

function requestOf(mind: Mind, request: number | null): RequestId {
  return request === null ? mind.ids.request() : (`request ${request}` as RequestId);
}

/** What is most likely a dead letter, or any input. */
function letterAt(mind: Mind, count: number): Mind["inputs"][number] | undefined {
  return back(mind.letters.length > count ? mind.letters : mind.inputs, count);
}

const NODES = ["sender", "watcher", "follower"].map(nodeId);

const INTERPRETERS: Interpreters = {
  admit: (mind, command) => {
    const { ref, settings: known } = standingAt(mind, command.session);
    return admitCall(
      mind,
      admitCommand(ref, mind.ids, {
        input: { ...inputOf(command.kind, command.variant), ...overlapOf(command.overlap) },
        merge: mergeOf(mind, ref, command),
        ...(command.key === null ? {} : { key: `key ${command.key}` }),
        ...(command.hasOwnId ? { id: mind.ids.input() } : {}),
        ...(command.variant === 0 ? { maxPending: 3 } : {}),
        ...(command.queue === null ? {} : { queue: command.queue }),
        notBeforeAt: command.delayMs === 0 ? 0 : mind.now + command.delayMs,
        expiresAt: command.expiresInMs === 0 ? 0 : mind.now + command.expiresInMs,
        settings: known.settings,
        settingsRevision: known.revision + (command.isStale ? 1 : 0),
        isWithoutWake: command.isWithoutWake,
        ...(command.isAwaited ? { replyTo: NODES[0] as (typeof NODES)[number] } : {}),
      }),
    );
  },
  flood: (mind, { session, count, delayMs }) => floodCall(mind, standingAt(mind, session), { count, delayMs }),
  repeat_admit: (mind, command) => {
    const known = back(mind.admits, command.back);
    return known === undefined ? null : admitCall(mind, known);
  },
  redrive: (mind, command) => {
    const known = letterAt(mind, command.back);
    if (known === undefined) return null;
    const settings = standingOf(mind, known.ref)?.settings;
    const { settings: current, revision: settingsRevision } = settings ?? {
      settings: { silentIntents: [] },
      revision: 0,
    };
    const options = { redriveOf: known.inputId, settings: current, settingsRevision };
    return admitCall(mind, admitCommand(known.ref, mind.ids, options));
  },
  discard: (mind, command) => {
    const known = letterAt(mind, command.back);
    if (known === undefined) return null;
    const { ref, inputId } = known;
    return { what: `discard ${inputId}`, touches: [ref], send: (store) => store.deadLetters.discard(ref, inputId) };
  },
  claim: (mind, command) => {
    const { ref, digests } = standingAt(mind, command.session);
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
    const settlement = settlementOf(command, {
      batch: known.batch,
      now: mind.now,
      operationId: latestOperation(mind, known.ref),
    });
    const sound = advanceCommand(known.ref, known.batch, { node: by.node, settlement, next });
    return advanceCall(mind, flawed(sound, command.flaw), known.worker);
  },
  work: (mind, command) => workOn(mind, standingAt(mind, command.session), command),
  suspend_on: (mind, { session, isKept }) => {
    const standing = standingAt(mind, session);
    const { epochId, operations, awaited } = registryOf(mind, standing.ref);
    const latest = operations.at(-1) ?? awaited;
    if (epochId === null || latest === awaited) {
      const operation = { back: null, request: null, kind: "background_tool_op", epoch: "current" } as const;
      return operationCall(mind, { type: "register_operation", session, node: 0, ...operation });
    }
    const settling = { settlement: "awaiting", delayMs: 0, isBatching: false, maxInputs: 1 } as const;
    return workOn(mind, standing, { type: "work", session, worker: 0, isKept, ...settling });
  },
  end_awaited: (mind, { session }) => {
    const report = { action: "cancel", node: 0, takesOwnership: false, request: null, variant: 0 } as const;
    return operationCall(mind, { type: "move_operation", session, back: 0, epoch: "current", ...report });
  },
  repeat_advance: (mind, command) => {
    const known = back(mind.advances, command.back);
    return known === undefined ? null : advanceCall(mind, known.command, known.worker);
  },
  renew: (mind, { count }) => {
    const holds = mind.batches.slice(-count).map(({ ref, batch }) => ({ ref, claimId: batch.fence.claimId }));
    if (holds.length === 0) return null;
    return { what: `renew ${count}`, touches: everySession(mind), send: (store) => store.ledger.renew(holds) };
  },
  sweep: (mind, { limit }) => ({
    what: "sweep",
    touches: everySession(mind),
    send: (store) => store.ledger.sweep(limit),
  }),
  inspect: (mind, command) => {
    const ref = refOf(mind, command.session);
    return { what: "inspectDue", touches: [ref], send: (store) => store.ledger.inspectDue(ref) };
  },
  chores: (mind, command) => {
    return choresCall(mind, refOf(mind, command.session));
  },
  watch: (mind, command) => {
    const known = back(mind.inputs, command.back) ?? {
      ref: refOf(mind, 0),
      inputId: "inp_unknown_0" as InputId,
    };
    const watch = { ...known, node: command.node === null ? null : (NODES[command.node] ?? null) };
    return { what: `watch ${known.inputId}`, touches: [known.ref], send: (store) => store.ledger.watch(watch) };
  },
  control: (mind, { session, verb, request, isDryRun }) => {
    return controlCall(mind, { ref: refOf(mind, session), verb, requestId: requestOf(mind, request), isDryRun });
  },
  interrupt: (mind, { session, run, request, mode, isDryRun }) => {
    const ref = refOf(mind, session);
    const current = mind.batches.findLast((known) => known.ref === ref)?.batch.fence.runId ?? null;
    const runId = { any: null, current, other: "run_of_another" as RunId }[run];
    const interrupt = { ref, requestId: requestOf(mind, request), runId, mode, isDryRun };
    return {
      what: `interrupt ${runId} (${mode})`,
      touches: [ref],
      send: (store) => store.control.interrupt(interrupt),
    };
  },
  checkpoint: checkpointOf,
  resume: (mind, command) => {
    const known = back(mind.suspended, command.back) ?? back(mind.batches, command.back);
    if (known === undefined) return null;
    const { ref, runId } = "batch" in known ? { ref: known.ref, runId: known.batch.fence.runId } : known;
    const resume = { ref, runId, requestId: requestOf(mind, command.request), value: `{"at":${mind.now}}` };
    return { what: `resume ${runId}`, touches: [ref], send: (store) => store.control.resume(resume) };
  },
  stall: (mind, command) => {
    const known = back(mind.batches, command.back);
    if (known === undefined) return null;
    const stall = { ref: known.ref, fence: known.batch.fence };
    return { what: "note stall", touches: [known.ref], send: (store) => store.liveRuns.noteStall(stall) };
  },
  unregister: (mind, { session, request }) => {
    const ref = refOf(mind, session);
    const begin = { ref, requestId: requestOf(mind, request) };
    return { what: "unregister", touches: [ref], send: (store) => store.unregistration.begin(begin) };
  },
  oblige: (mind, { session, obligation, by }) => {
    const ref = refOf(mind, session);
    return {
      what: `${by} the obligation ${obligation}`,
      touches: [ref],
      send: (store) => store.unregistration.close({ ref, obligation, by }),
    };
  },
  remove: (mind, { session }) => {
    const ref = refOf(mind, session);
    return { what: "remove", touches: [ref], send: (store) => store.unregistration.commit(ref) };
  },
  register: (mind, command) => {
    const settings = command.hasSettings ? { silentIntents: ["gossip"] } : null;
    const { mayRevive } = command;
    const ref = refOf(mind, command.session);
    return registerCall(mind, { ref, binding: bindingOf(command.binding), settings, mayRevive });
  },
  configure: (mind, { session, isSilent, isNarrow }) => {
    const ref = refOf(mind, session);
    const operations = { maxConcurrent: 3, maxCompleted: 2 };
    const settings = { silentIntents: isSilent ? ["gossip"] : [], ...(isNarrow ? { operations } : {}) };
    return {
      what: "configure",
      touches: [ref],
      send: (store) => store.directory.configure(ref, settings),
      learn: (revision) => {
        const standing = standingOf(mind, ref);
        if (revision !== null && standing !== undefined) standing.settings = { revision: revision as number, settings };
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
    return { what: `adopt ${name}`, touches: everySession(mind), send: (store) => store.presence.adopt(name, limit) };
  },
  read: (mind, { session, after, limit }) => {
    const ref = refOf(mind, session);
    return { what: "read", touches: [], send: (store) => readEverything(store, ref, { after, limit }) };
  },
  crash: (mind, { worker }) => {
    mind.batches = mind.batches.filter((known) => known.worker !== worker);
    for (const { inHand } of mind.standings) {
      for (const known of inHand) if (known.worker === worker) inHand.delete(known);
    }
    return null;
  },
};

/** Takes a session on: does what it needs first, else settles what is in hand, else claims. */
function workOn(mind: Mind, standing: Standing, command: Of<"work">): Call {
  if (standing.needs === "successor") succeed(mind, standing);
  const { ref, needs } = standing;
  switch (needs) {
    case "register":
    case "successor": {
      const onFailure = command.isKept ? "hold" : "defer";
      return registerCall(mind, { ref, binding: binding(onFailure), settings: null, mayRevive: true });
    }
    case "recycle":
      return controlCall(mind, { ref, verb: "recycle", requestId: mind.ids.request() });
    case "chores":
      return choresCall(mind, ref);
    case "input":
      return floodCall(mind, standing, { count: Math.min(command.maxInputs, 3), delayMs: 0 });
    case null:
      return runCall(mind, standing, command);
  }
}

function runCall(mind: Mind, { ref, inHand, dueAt }: Standing, command: Of<"work">): Call {
  const [known] = inHand;
  const by = workerOf(known?.worker ?? command.worker, { ...command, maxBytes: 1_000_000 });
  const { node } = by;
  const offer = offerOf(by, mind.ids);
  if (known === undefined) {
    const claim = { ref, claimId: mind.ids.claim(), node, cachedDigest: null, offer };
    return { ...claimCall(mind, claim, command.worker), at: dueAt };
  }
  const settlement = settlementOf(command, {
    batch: known.batch,
    now: mind.now,
    operationId: latestOperation(mind, known.ref),
  });
  const next = command.isKept ? offer : null;
  return advanceCall(mind, advanceCommand(ref, known.batch, { node, settlement, next }), known.worker);
}
