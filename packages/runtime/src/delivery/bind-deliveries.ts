import {
  AppError,
  DeliveryDisposition,
  type DeliveryId,
  DeliverySubmission,
  type NewDelivery,
  type SessionRef,
} from "@holdfast/contracts";
import type { DeliveriesApi, SubmittedDelivery } from "../api/deliveries.ts";
import type { Ingress } from "../ingress/ingress.ts";
import type { MarkDeliveryApplied } from "../ports/deliveries.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { type InboxDrains, inputOf } from "./drain-inbox.ts";

/** What the methods on deliveries work with. */
export interface DeliveryParts {
  readonly context: RuntimeContext;
  readonly ingress: Ingress;
  readonly inboxes: InboxDrains;
}

const MAX_PAGE = 100;

/** The methods on deliveries. */
export function bindDeliveries(parts: DeliveryParts): DeliveriesApi {
  const { deliveries } = parts.context.store;
  return {
    submitDelivery: (ref, submission) => submit(parts, ref, submission),
    markDeliveryApplied: (ref, deliveryId, disposition = { kind: "acknowledged" }) => {
      return markApplied(parts, { ref, deliveryId, disposition });
    },
    pendingDeliveries: (ref, { limit = MAX_PAGE } = {}) => {
      return deliveries.pending(ref, Math.max(0, Math.min(limit, MAX_PAGE)));
    },
    deliveryState: (ref, deliveryId) => deliveries.find(ref, deliveryId),
    drainDeliveries: (ref) => parts.inboxes.drain(ref),
  };
}

async function submit(
  { context, ingress, inboxes }: DeliveryParts,
  ref: SessionRef,
  value: NewDelivery,
): Promise<SubmittedDelivery> {
  const submission = parseSubmission(value);
  // What no session can take is refused while its producer is there to hear of it.
  ingress.prepare(ref, inputOf(submission));
  const digest = context.sha256(JSON.stringify(submission));
  const reply = await context.store.deliveries.submit({ ref, submission, digest });
  const { kind, sequence } = reply;
  if (kind === "conflict") {
    const { deliveryId } = submission;
    throw new AppError("delivery.conflict", {
      message: `the delivery id was used for another submission, which is ${sequence}`,
      details: { deliveryId, sequence },
    });
  }
  if (kind === "committed") inboxes.drainSoon(ref);
  return { sequence, isDeduplicated: kind === "reused" };
}

// The schema's order of fields, whatever the caller's: the same submission is the same text.
function parseSubmission(value: NewDelivery): DeliverySubmission {
  const parsed = DeliverySubmission.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw new AppError("delivery.invalid", {
    message: `${path === "" ? "the submission" : path}: ${issue?.message ?? "is not valid"}`,
    details: { path },
  });
}

async function markApplied({ context }: DeliveryParts, command: MarkDeliveryApplied): Promise<{ sequence: number }> {
  const parsed = DeliveryDisposition.safeParse(command.disposition);
  // Stored as it is, it could never be read again.
  if (!parsed.success) {
    throw new AppError("delivery.invalid", { message: "the disposition is none", cause: parsed.error });
  }
  const reply = await context.store.deliveries.markApplied({ ...command, disposition: parsed.data });
  switch (reply.kind) {
    case "applied":
    case "repeated":
      return { sequence: reply.sequence };
    case "out_of_order": {
      const { expected, actual } = reply;
      const message = `delivery ${actual} cannot be applied before ${expected}`;
      throw new AppError("delivery.out_of_order", { message, details: { expected, actual } });
    }
    case "missing":
      throw new AppError("delivery.not_found", { details: { deliveryId: command.deliveryId satisfies DeliveryId } });
  }
}
