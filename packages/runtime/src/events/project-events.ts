import { AppError, type EventEnvelope, findUserIdFault, type SessionRef } from "@holdfast/contracts";
import type { EventsApi, ProjectionOptions } from "../api/events.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { Followers } from "./followers.ts";
import { readFrom, tellPage } from "./tell-events.ts";

/** What projections work with. */
export interface ProjectionParts {
  readonly context: RuntimeContext;
  readonly followers: Followers;
}

const PAGE = 100;

/** The methods for durable consumers. */
export function bindProjections(parts: ProjectionParts): EventsApi {
  return { projectEvents: (ref, options, apply) => projectEvents(parts, { ref, options, apply }) };
}

interface Projection {
  readonly ref: SessionRef;
  readonly options: ProjectionOptions;
  readonly apply: (events: readonly EventEnvelope[]) => Promise<void>;
}

async function projectEvents(parts: ProjectionParts, { ref, options, apply }: Projection): Promise<void> {
  const { consumer, signal } = options;
  const fault = findUserIdFault(consumer);
  if (fault !== null) throw new AppError("id.invalid", { message: `the consumer's name ${fault}` });
  const { archive, projections } = parts.context.store;
  let cursor = await projections.find(ref, consumer);
  while (!signal.aborted) {
    const from = readFrom(cursor);
    const facts = await archive.listEvents(ref, { after: cursor, limit: PAGE });
    const { items } = tellPage(ref, facts, { from, limit: PAGE });
    const last = items.at(-1);
    if (last === undefined) {
      if (!(await hasMore(parts, ref, { cursor, signal }))) return;
      continue;
    }
    await apply(items);
    // Another process of this consumer may have been faster: what it took, it took.
    cursor = (await projections.move({ ref, consumer, from: cursor, to: last.cursor })).cursor;
  }
}

/** Waits for the next event; `false` when there will be none. */
async function hasMore(
  { followers }: ProjectionParts,
  ref: SessionRef,
  { cursor, signal }: { readonly cursor: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const events = followers.follow(ref, { after: cursor, signal });
  const next = await events.next();
  await events.return(undefined);
  return next.done !== true;
}
