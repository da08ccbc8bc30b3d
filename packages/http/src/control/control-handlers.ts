import type { LabelledResult } from "@holdfast/contracts";
import type { Handlers } from "../routing/handler.ts";
import { refOf, type Surface } from "../surface.ts";
import { requestIdHeader, requestIdOf } from "./request-id.ts";

type ControlHandlers = Pick<
  Handlers,
  | "controlSession"
  | "interruptRun"
  | "controlByLabel"
  | "setLabels"
  | "publishEvent"
  | "unregisterSession"
  | "closeObligation"
>;

/** Refusals that one answer names. */
const MOST_REFUSALS = 100;

/** What operators tell a session. */
export function controlHandlers(surface: Surface): ControlHandlers {
  const { runtime } = surface;
  return {
    async controlSession({ params, headers, body }) {
      const requestId = requestIdOf(headers["idempotency-key"], body.requestId);
      const report = await runtime.control(refOf(surface, params), { verb: params.verb, requestId, ...dryRunOf(body) });
      return { status: 200, body: report, headers: requestIdHeader(requestId) };
    },

    async interruptRun({ params, headers, body }) {
      const requestId = requestIdOf(headers["idempotency-key"], body.requestId);
      const run = body.runId === undefined ? {} : { runId: body.runId };
      const report = await runtime.interruptCurrentRun(refOf(surface, params), {
        requestId,
        ...run,
        ...(body.at === undefined ? {} : { at: body.at }),
        ...(body.isRolledBack === undefined ? {} : { isRolledBack: body.isRolledBack }),
        ...dryRunOf(body),
      });
      return { status: 200, body: report, headers: requestIdHeader(requestId) };
    },

    async controlByLabel({ params, headers, body }) {
      const requestId = requestIdOf(headers["idempotency-key"], body.requestId);
      const refusals: LabelledResult[] = [];
      const progress = await runtime.controlByLabel(
        { tenantId: surface.tenantId, label: body.label, verb: params.verb, requestId, ...dryRunOf(body) },
        (result) => {
          if (result.kind === "refused" && refusals.length < MOST_REFUSALS) refusals.push(result);
        },
      );
      return { status: 200, body: { ...progress, refusals }, headers: requestIdHeader(requestId) };
    },

    async setLabels({ params, body }) {
      await runtime.setSessionLabels(refOf(surface, params), body);
      return { status: 200, body: { labels: body } };
    },

    async publishEvent({ params, headers, body: { requestId: given, ...event } }) {
      const requestId = requestIdOf(headers["idempotency-key"], given);
      const published = await runtime.publishEvent(refOf(surface, params), event, { requestId });
      return { status: 200, body: published, headers: requestIdHeader(requestId) };
    },

    async unregisterSession({ params, headers, body }) {
      const requestId = requestIdOf(headers["idempotency-key"], body.requestId);
      const force = body.force === true;
      const report = await runtime.unregisterSession(refOf(surface, params), { requestId, force });
      return { status: 200, body: report, headers: requestIdHeader(requestId) };
    },

    async closeObligation({ params, body }) {
      const { obligation } = params;
      const answer = await runtime.closeObligation(refOf(surface, params), { obligation, force: body.force === true });
      return { status: 200, body: answer };
    },
  };
}

function dryRunOf({ dryRun }: { readonly dryRun?: boolean | undefined }): { readonly dryRun?: true } {
  return dryRun === true ? { dryRun } : {};
}
