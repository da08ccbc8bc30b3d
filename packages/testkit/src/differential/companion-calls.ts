/** The calls beside a session's work that commands become. */
import {
  type DeliveryDisposition,
  type DeliveryId,
  type Labels,
  MIN_KEPT,
  type RequestId,
  type SessionRef,
} from "@holdfast/contracts";
import { type BeginRunCommand, type BeginRunReply, type Store, sha256 } from "@holdfast/runtime";
import { submission } from "../conformance/deliveries.ts";
import { admitCommand, event, operation, prompt } from "../fixtures/commands.ts";
import { type Call, remember } from "./calls.ts";
import type { CompanionCommand } from "./companion-command.ts";
import { back, type Mind, type Standing, WORKERS } from "./mind.ts";

type Of<T extends CompanionCommand["type"]> = Extract<CompanionCommand, { type: T }>;

type Interpreters = {
  readonly [T in CompanionCommand["type"]]: (mind: Mind, command: Of<T>) => Call | null;
};

const LABELS: readonly Labels[] = [{}, { team: "a" }, { team: "b" }, { team: "a", é: "|;, :" }];
const CONSUMERS = ["search index", "é|,:"];

/** The call a command stands for; `null` when there is nothing to do it with yet. */
export function companionCall(mind: Mind, command: CompanionCommand): Call | null {
  const interpreter = INTERPRETERS[command.type] as (mind: Mind, command: CompanionCommand) => Call | null;
  return interpreter(mind, command);
}

/** Whether a command is one of these. */
export function isCompanionCommand(command: { readonly type: string }): command is CompanionCommand {
  return Object.hasOwn(INTERPRETERS, command.type);
}

function standingAt(mind: Mind, session: number): Standing {
  return mind.standings[session % mind.standings.length] as Standing;
}

function deliveryId(id: number): DeliveryId {
  return `delivery ${id}` as DeliveryId;
}

function blobName(blob: number): string {
  return `blob ${blob}`;
}

const INTERPRETERS: Interpreters = {
  label: (mind, { session, labels }) => {
    const { ref } = standingAt(mind, session);
    return { what: "label", touches: [ref], send: (store) => store.directory.label(ref, LABELS[labels] ?? {}) };
  },
  publish: (mind, { session, request, variant }) => {
    const { ref } = standingAt(mind, session);
    const payload = JSON.stringify({ text: `é|;,\n${variant}` });
    const requestId = request === null ? mind.ids.request() : (`request ${request}` as RequestId);
    const publish = { ref, requestId, name: "deploy", payload, digest: sha256(payload).slice(0, 22) };
    return { what: `publish as ${requestId}`, touches: [ref], send: (store) => store.control.publish(publish) };
  },
  save_schedules: (mind, { session, isStale, inMs }) => {
    const { ref } = standingAt(mind, session);
    const version = (mind.schedules.get(ref) ?? 0) - (isStale ? 1 : 0);
    const save = { ref, version, rows: `{"at": "é|${mind.now}"}`, nextAt: inMs === null ? null : mind.now + inMs };
    return {
      what: `save schedules over version ${version}`,
      touches: [ref],
      send: (store) => store.schedules.save(save),
      learn: (answer) => {
        if ((answer as { kind: string }).kind === "saved") mind.schedules.set(ref, version + 1);
      },
    };
  },
  keep_alive: (mind, { session, isKeepAlive }) => {
    const { ref } = standingAt(mind, session);
    return { what: "keep alive", touches: [ref], send: (store) => store.drains.keepAlive(ref, isKeepAlive) };
  },
  claim_drain: (mind, { session, drain, leaseMs }) => {
    const { ref } = standingAt(mind, session);
    const { node } = WORKERS[drain] as (typeof WORKERS)[number];
    const claim = { ref, drainId: `drn_${drain}`, node, leaseMs };
    return { what: `claim the slot as ${drain}`, touches: [ref], send: (store) => store.drains.claim(claim) };
  },
  release_drain: (mind, { session, drain, isDismissal }) => {
    const { ref } = standingAt(mind, session);
    const release = { ref, drainId: `drn_${drain}`, isDismissal };
    return { what: `release the slot as ${drain}`, touches: [ref], send: (store) => store.drains.release(release) };
  },
  submit_delivery: (mind, { session, id, variant }) => {
    const { ref } = standingAt(mind, session);
    const sent = submission(deliveryId(id), `é|${variant}`, 1 + id);
    const submit = { ref, submission: sent, digest: sha256(JSON.stringify(sent)) };
    return { what: `submit delivery ${id}`, touches: [ref], send: (store) => store.deliveries.submit(submit) };
  },
  mark_delivery: (mind, { session, id, isKept }) => {
    const { ref } = standingAt(mind, session);
    return {
      what: `mark delivery ${id}`,
      touches: [ref],
      send: (store) => markDelivery(store, ref, { id, isKept }),
    };
  },
  rest_inbox: (mind, { session }) => {
    const { ref } = standingAt(mind, session);
    return { what: "rest the inbox", touches: [ref], send: (store) => store.deliveries.rest(ref) };
  },
  move_projection: (mind, { session, consumer, by }) => {
    const { ref } = standingAt(mind, session);
    const name = CONSUMERS[consumer] as string;
    return {
      what: `move ${name} by ${by}`,
      touches: [ref],
      send: async (store) => {
        const cursor = await store.projections.find(ref, name);
        const from = Math.max(0, cursor + Math.min(by, 0));
        return store.projections.move({ ref, consumer: name, from, to: cursor + by });
      },
    };
  },
  put_blob: (mind, { session, blob }) => {
    const { ref } = standingAt(mind, session);
    const content = Uint8Array.from([blob, 0, 255]);
    return {
      what: `put blob ${blob}`,
      touches: [ref],
      send: (store) => store.blobs.put(ref, blobName(blob), content),
    };
  },
  retain_blobs: (mind, { session, blob, ageMs }) => {
    const { ref } = standingAt(mind, session);
    const names = new Set([blobName(blob)]);
    return {
      what: `retain blob ${blob} of those older than ${ageMs}`,
      touches: [ref],
      send: (store) => store.blobs.retain(ref, names, ageMs),
    };
  },
  clear_blobs: (mind, { session }) => {
    const { ref } = standingAt(mind, session);
    return { what: "clear the blobs", touches: [ref], send: (store) => store.blobs.clear(ref) };
  },
  plan_collection: (mind, { session, afterMs }) => {
    const { ref } = standingAt(mind, session);
    return { what: `plan a look in ${afterMs}`, touches: [ref], send: (store) => store.collection.plan(ref, afterMs) };
  },
  replan_collection: (mind, { session, afterMs }) => {
    const { ref } = standingAt(mind, session);
    return {
      what: `plan a look in ${afterMs}, and none before`,
      touches: [ref],
      send: (store) => store.collection.replan(ref, afterMs),
    };
  },
  trim: (mind, { session, keepMs }) => {
    const { ref } = standingAt(mind, session);
    const kept = { keepInputs: MIN_KEPT, keepEvents: MIN_KEPT, keepMs };
    return {
      what: `trim what is older than ${keepMs}`,
      touches: [ref],
      send: (store) => store.collection.trim(ref, kept),
    };
  },
  weigh: (mind, { session, of, before }) => {
    const { ref } = standingAt(mind, session);
    return {
      what: `weigh the ${of} before ${before}`,
      touches: [ref],
      send: (store) => store.collection.weigh(ref, of, before),
    };
  },
  begin_run: (mind, command) => {
    const { ref, settings: known } = standingAt(mind, command.session);
    const worker = WORKERS[command.worker] as (typeof WORKERS)[number];
    const input = { prompt: prompt, event: event, operation: operation }[command.kind](`direct ${command.variant}`);
    const admission = admitCommand(ref, mind.ids, {
      input,
      ...(command.key === null ? {} : { key: `key ${command.key}` }),
      settings: known.settings,
      settingsRevision: known.revision + (command.isStale ? 1 : 0),
    });
    const begin = { admission, claimId: mind.ids.claim(), node: worker.node, newRunId: mind.ids.run() };
    return beginCall(mind, begin, command.worker);
  },
  repeat_begin: (mind, command) => {
    const known = back(mind.begins, command.back);
    return known === undefined ? null : beginCall(mind, known.command, known.worker);
  },
  read_companions: (mind, { session, limit }) => {
    const { ref } = standingAt(mind, session);
    return { what: "read companions", touches: [], send: (store) => readCompanions(store, ref, limit) };
  },
};

function beginCall(mind: Mind, command: BeginRunCommand, worker: number): Call {
  const { ref, input } = command.admission;
  return {
    what: `begin a run of ${input.id} under ${command.claimId}`,
    touches: [ref],
    send: (store) => store.directRuns.begin(command),
    learn: (answer) => {
      const reply = answer as BeginRunReply;
      mind.begins.push({ command, worker });
      if (reply.kind !== "begun") return;
      mind.inputs.push({ ref, inputId: input.id });
      remember(mind, { ref, worker, batch: reply.batch });
    },
  };
}

/** Of the delivery that comes next, or of another one. */
async function markDelivery(
  { deliveries }: Store,
  ref: SessionRef,
  { id, isKept }: { readonly id: number | "next"; readonly isKept: boolean },
): Promise<unknown> {
  const [next] = (await deliveries.pending(ref, 1)).items;
  const marked = id === "next" ? next?.deliveryId : deliveryId(id);
  const disposition: DeliveryDisposition = isKept ? { kind: "acknowledged" } : { kind: "refused", code: "é|" };
  return marked === undefined ? null : deliveries.markApplied({ ref, deliveryId: marked, disposition });
}

/** Every read of what is beside a session. */
async function readCompanions(store: Store, ref: SessionRef, limit: number): Promise<unknown> {
  const { blobs, deliveries, directory, drains, projections, schedules } = store;
  const { tenantId } = ref;
  const label = { key: "team", value: "a" };
  return {
    schedules: await schedules.load(ref),
    slot: await drains.find(ref),
    pending: await deliveries.pending(ref, limit),
    found: await Promise.all([0, 1, 2].map((id) => deliveries.find(ref, deliveryId(id)))),
    consumers: await Promise.all(CONSUMERS.map((name) => projections.find(ref, name))),
    // Bytes, whatever holds them.
    blobs: await Promise.all([0, 1].map(async (blob) => [...((await blobs.find(ref, blobName(blob))) ?? [])])),
    aged: await blobs.count(ref, 1_000),
    labelled: await directory.list({ tenantId, after: null, limit, label }),
  };
}
