import {
  AppError,
  DeliveryDisposition,
  type DeliveryId,
  DeliverySubmission,
  type SessionRef,
  type Timing,
} from "@holdfast/contracts";
import type {
  Deliveries,
  MarkDeliveryApplied,
  MarkDeliveryReply,
  PendingDeliveries,
  SubmitDelivery,
  SubmitDeliveryReply,
} from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import { encodeId, type Keyspace } from "../layout/keys.ts";
import { DELIVERY, rowOf } from "../layout/rows.ts";
import { asReply, number, type Reply, tagOf, text, unexpected } from "../ledger/replies.ts";

interface DeliveryOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
  readonly timing: Timing;
}

/** Delivery inboxes on Redis: a hash beside the session's, and an entry of its own in the bucket's `due` index. */
export function createRedisDeliveries(options: DeliveryOptions): Deliveries {
  return {
    submit: (command) => submit(options, command),
    markApplied: (command) => markApplied(options, command),
    pending: (ref, limit) => pending(options, ref, limit),
    find: (ref, deliveryId) => find(options, ref, deliveryId),
    rest: async (ref) => {
      const { member, list } = options.keys.inbox(ref);
      soundReply(await options.scripts.run("rest-inbox", list, { member, retryMs: options.timing.unhostedMs }));
    },
  };
}

/** A reply of an inbox that does not contradict itself. @throws store.corrupt (D64) */
function soundReply(reply: unknown): Reply {
  const list = asReply(reply);
  if (tagOf(list) !== "corrupt") return list;
  throw new AppError("store.corrupt", { message: `the delivery inbox is corrupt: ${text(list, 1)}` });
}

async function submit(
  { scripts, keys, timing }: DeliveryOptions,
  { ref, submission, digest }: SubmitDelivery,
): Promise<SubmitDeliveryReply> {
  const { member, list } = keys.inbox(ref);
  const reply = soundReply(
    await scripts.run("submit-delivery", list, {
      member,
      deliveryId: encodeId(submission.deliveryId),
      sourceSequence: submission.sourceSequence,
      digest,
      sweepDelayMs: timing.sweepDelayMs,
      submission: JSON.stringify(submission),
    }),
  );
  const kind = tagOf(reply);
  if (kind !== "committed" && kind !== "reused" && kind !== "conflict") return unexpected("submit-delivery", reply);
  return { kind, sequence: number(reply, 1) };
}

async function markApplied(
  { scripts, keys }: DeliveryOptions,
  { ref, deliveryId, disposition }: MarkDeliveryApplied,
): Promise<MarkDeliveryReply> {
  const { member, list } = keys.inbox(ref);
  const reply = soundReply(
    await scripts.run("mark-delivery", list, {
      member,
      deliveryId: encodeId(deliveryId),
      disposition: JSON.stringify(disposition),
    }),
  );
  const kind = tagOf(reply);
  switch (kind) {
    case "applied":
    case "repeated":
      return { kind, sequence: number(reply, 1) };
    case "out_of_order":
      return { kind, expected: number(reply, 1), actual: number(reply, 2) };
    case "missing":
      return { kind };
    default:
      return unexpected("mark-delivery", reply);
  }
}

async function pending({ scripts, keys }: DeliveryOptions, ref: SessionRef, limit: number): Promise<PendingDeliveries> {
  const reply = soundReply(await scripts.run("read-deliveries", keys.inbox(ref).list, { limit }));
  return {
    items: reply.slice(3).map((row) => toDelivery(asReply(row))),
    applied: number(reply, 1),
    committed: number(reply, 2),
  };
}

async function find({ scripts, keys }: DeliveryOptions, ref: SessionRef, deliveryId: DeliveryId) {
  const id = encodeId(deliveryId);
  const reply = soundReply(await scripts.run("find-delivery", keys.inbox(ref).list, { deliveryId: id }));
  return tagOf(reply) === "found" ? { ...toDelivery(asReply(reply[1])), deliveryId } : null;
}

function toDelivery(columns: Reply) {
  const { sequence, sourceSequence, disposition } = rowOf(DELIVERY, columns.slice(0, -1));
  const stored = text(columns, columns.length - 1);
  const submission = stored === "" ? null : decode(stored.slice(stored.indexOf(" ") + 1), DeliverySubmission);
  return {
    deliveryId: submission?.deliveryId as DeliveryId,
    sequence,
    sourceSequence,
    submission,
    disposition: disposition === "" ? null : decode(disposition, DeliveryDisposition),
  };
}

function decode<T>(json: string, schema: { parse(value: unknown): T }): T {
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    throw new AppError("store.corrupt", { message: "a delivery is stored in a form that cannot be read", cause });
  }
}
