/** The calls that commands become, and what is learned from their answers. */
import type { OperationId, RunId, SessionRef, SessionSettings, Suspension } from "@holdfast/contracts";
import type {
  AdmitCommand,
  AdmitReply,
  AdvanceCommand,
  AdvanceReply,
  ChoresReply,
  ClaimCommand,
  ClaimReply,
  ControlCommand,
  ControlReply,
  RegisterCommand,
  RegisterReply,
  SettledInput,
  Store,
} from "@holdfast/runtime";
import { admitCommand, event, prompt } from "../fixtures/commands.ts";
import { type KnownBatch, type Mind, type Need, registryOf, type Standing, standingOf } from "./mind.ts";
import { settleChores } from "./reads.ts";

/** One call, to be made on both stores. */
export interface Call {
  /** For people. */
  readonly what: string;
  readonly touches: readonly SessionRef[];
  /** Time to wait for before the call. */
  readonly at?: number;
  send(store: Store): Promise<unknown>;
  /** Takes note of the answer. */
  learn?(answer: unknown): void;
}

/** Admits an input. */
export function admitCall(mind: Mind, command: AdmitCommand): Call {
  const { ref, input } = command;
  return {
    what: `admit ${input.id}`,
    touches: [ref],
    send: (store) => store.ledger.admit(command),
    learn: (answer) => {
      const reply = answer as AdmitReply;
      mind.admits.push(command);
      noteAdmission(mind, ref, reply);
    },
  };
}

function noteAdmission(mind: Mind, ref: SessionRef, reply: AdmitReply): void {
  if (reply.kind === "missing") need(mind, ref, "register");
  if (reply.kind === "refused") need(mind, ref, reply.phase === "retired" ? "recycle" : needAfter(reply.phase));
  const standing = standingOf(mind, ref);
  if (reply.kind === "mergeable" && standing !== undefined) standing.mergeable = reply.queuedId;
  if (reply.kind !== "accepted") return;
  if (reply.mergedInto !== null) mind.inputs.push({ ref, inputId: reply.mergedInto });
  mind.inputs.push({ ref, inputId: reply.inputId });
  met(mind, ref, "input");
}

/** Admits several inputs at once; prompts, if it is one. */
export function floodCall(
  mind: Mind,
  { ref, settings }: Standing,
  { count, delayMs }: { readonly count: number; readonly delayMs: number },
): Call {
  const commands = Array.from({ length: count }, () =>
    admitCommand(ref, mind.ids, {
      input: count === 1 ? prompt("alone") : event("flood"),
      notBeforeAt: delayMs === 0 ? 0 : mind.now + delayMs,
      settingsRevision: settings.revision,
    }),
  );
  return {
    what: `${count} admissions`,
    touches: [ref],
    send: (store) => Promise.all(commands.map((command) => store.ledger.admit(command))),
    learn: (answer) => {
      const replies = answer as readonly AdmitReply[];
      for (const reply of replies) noteAdmission(mind, ref, reply);
    },
  };
}

/** Claims a session. */
export function claimCall(mind: Mind, command: ClaimCommand, worker: number): Call {
  const { ref } = command;
  return {
    what: `claim ${command.claimId} by ${command.node}`,
    touches: [ref],
    send: (store) => store.ledger.claim(command),
    learn: (answer) => {
      const reply = answer as ClaimReply;
      mind.claims.push({ command, worker });
      if ("settled" in reply) noteLetters(mind, ref, reply.settled);
      if (reply.kind === "staged") remember(mind, { ref, worker, batch: reply.batch });
      if (reply.kind === "chores") need(mind, ref, "chores");
      if (reply.kind === "missing" || reply.kind === "undecided") need(mind, ref, "register");
      if (reply.kind === "idle") rest(mind, ref, reply.dueAt);
    },
  };
}

/** Settles a batch. */
export function advanceCall(mind: Mind, command: AdvanceCommand, worker: number): Call {
  const { ref, fence, settlement } = command;
  return {
    what: `advance ${fence.runId} under ${fence.token} as ${settlement.kind}`,
    touches: [ref],
    send: (store) => store.ledger.advance(command),
    learn: (answer) => {
      const reply = answer as AdvanceReply;
      const standing = standingOf(mind, ref);
      mind.advances.push({ command, worker });
      if ("settled" in reply) noteLetters(mind, ref, reply.settled);
      letGo(standing, fence.token);
      if (reply.kind !== "committed") return;
      if (settlement.kind === "suspended") noteSuspension(mind, { ref, runId: fence.runId, on: settlement.on });
      if (standing !== undefined && "digest" in settlement) standing.digests = [...standing.digests, settlement.digest];
      if (reply.next.kind === "staged") remember(mind, { ref, worker, batch: reply.next.batch });
      if (reply.next.kind === "idle") rest(mind, ref, reply.next.dueAt);
    },
  };
}

function noteSuspension(mind: Mind, { on, ...run }: { ref: SessionRef; runId: RunId; on: Suspension }): void {
  mind.suspended.push(run);
  if (on.type === "operation") registryOf(mind, run.ref).awaited = on.operationId as OperationId;
}

/** What was settled is in nobody's hand. */
function letGo(standing: Standing | undefined, token: number): void {
  for (const known of standing?.inHand ?? []) if (known.batch.fence.token === token) standing?.inHand.clear();
}

function noteLetters(mind: Mind, ref: SessionRef, settled: readonly SettledInput[]): void {
  for (const { inputId, outcome } of settled) if (outcome.kind === "abandoned") mind.letters.push({ ref, inputId });
}

/** Takes a step of a session's chores. */
export function choresCall(mind: Mind, ref: SessionRef): Call {
  return {
    what: "settleChores",
    touches: [ref],
    send: (store) => settleChores(store, ref),
    learn: (answer) => {
      if ((answer as ChoresReply).kind === "done") met(mind, ref, "chores");
    },
  };
}

/** Applies a verb. */
export function controlCall(mind: Mind, command: ControlCommand): Call {
  const { ref, isDryRun } = command;
  return {
    what: `${isDryRun === true ? "a dry run of " : ""}${command.verb} as ${command.requestId}`,
    touches: [ref],
    send: (store) => store.control.apply(command),
    learn: (answer) => {
      const reply = answer as ControlReply;
      if (reply.kind !== "applied" || reply.isRepeat || isDryRun === true) return;
      if (reply.report.abortedRunId !== undefined) standingOf(mind, ref)?.inHand.clear();
      if (reply.hasChores) need(mind, ref, "chores");
      else need(mind, ref, needAfter(reply.report.phaseAfter));
    },
  };
}

function needAfter(phase: string): Need | null {
  if (phase === "destroyed") return "successor";
  return phase === "stopped" ? "register" : null;
}

/** Registers a session. */
export function registerCall(mind: Mind, command: RegisterCommand): Call {
  const { ref, binding, settings } = command;
  return {
    what: `register with ${binding?.executor ?? "no executor"}`,
    touches: [ref],
    send: (store) => store.directory.register(command),
    learn: (answer) => {
      const reply = answer as RegisterReply;
      const standing = standingOf(mind, ref);
      if (standing === undefined) return;
      if (reply.kind === "refused") {
        need(mind, ref, needAfter(reply.phase));
        return;
      }
      const kept: SessionSettings = settings ?? standing.settings.settings;
      standing.settings = { revision: reply.settingsRevision, settings: kept };
      if (binding !== null) met(mind, ref, "register");
    },
  };
}

/** Takes note of a batch that was handed out. */
export function remember(mind: Mind, known: KnownBatch): void {
  mind.batches = [...mind.batches, known];
  mind.steps.set(known.batch.fence.runId, known.batch.journalEntries);
  const inHand = standingOf(mind, known.ref)?.inHand;
  inHand?.clear();
  inHand?.add(known);
}

function rest(mind: Mind, ref: SessionRef, dueAt: number | null): void {
  const standing = standingOf(mind, ref);
  if (standing === undefined) return;
  standing.dueAt = dueAt ?? 0;
  if (dueAt === null) standing.needs ??= "input";
}

function need(mind: Mind, ref: SessionRef, needs: Need | null): void {
  const standing = standingOf(mind, ref);
  if (standing !== undefined && standing.needs !== "successor") standing.needs = needs;
}

function met(mind: Mind, ref: SessionRef, needs: Need): void {
  const standing = standingOf(mind, ref);
  if (standing?.needs === needs) standing.needs = null;
}
