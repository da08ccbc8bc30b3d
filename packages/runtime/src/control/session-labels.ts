import { AppError, Labels, type SessionRef } from "@holdfast/contracts";
import type { RuntimeContext } from "../runtime-context.ts";
import { issuesOf } from "./issues-of.ts";

/** Refuses labels that no session can have; returns those it can. @throws label.invalid */
export function assertLabels(labels: Labels): Labels {
  const parsed = Labels.safeParse(labels);
  if (parsed.success) return parsed.data;
  throw new AppError("label.invalid", { cause: parsed.error, details: { issues: issuesOf(parsed.error) } });
}

/** Replaces the labels of a session. @throws label.invalid, session.not_found, session.destroyed, session.torn */
export async function setLabels({ store }: RuntimeContext, ref: SessionRef, labels: Labels): Promise<void> {
  const reply = await store.directory.label(ref, assertLabels(labels));
  if (reply.kind === "missing") throw new AppError("session.not_found");
  if (reply.kind === "refused") throw new AppError("session.destroyed");
}
