/** Routes about what runs write while they are in progress; part of the route table. */
import * as z from "zod";
import { RunId } from "./ids.ts";
import { pathSegment } from "./path-segment.ts";
import type { Route } from "./route.ts";
import { after, limit, ofSession, session } from "./route-parts.ts";
import { StreamPage, StreamPart } from "./stream.ts";

/** A run and an offset of its stream, as the ids of a session's current stream say it. */
export const StreamPosition = z
  .string()
  .regex(/^.{1,256}\.\d{1,15}$/, "is not of the form run.offset")
  .transform((text) => ({ runId: text.slice(0, text.lastIndexOf(".")), after: text.slice(text.lastIndexOf(".") + 1) }))
  .pipe(z.object({ runId: RunId, after: z.string().transform(Number).pipe(z.int().nonnegative()) }));
/** See {@link StreamPosition}. */
export type StreamPosition = z.infer<typeof StreamPosition>;

const ofStream = [...ofSession, "run.not_found", "stream.expired"] as const;
const accept = z.string().optional();

/** Streams of runs. */
export const STREAM_ROUTES = {
  followRunStream: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/runs/{runId}/stream",
    summary:
      "What a run writes, after an offset: parts that are there, then each as it comes, over all its attempts; with `accept: application/json` one page.",
    params: session.extend({ runId: pathSegment(RunId) }),
    query: z.strictObject({ after: after.optional().describe("Offset of the last part seen."), limit }),
    headers: z.object({
      accept,
      "last-event-id": after.optional().describe("Offset of the last part seen; wins over `after`."),
    }),
    body: null,
    responses: { 200: StreamPage, 204: null },
    stream: StreamPart,
    problems: ofStream,
  },
  followCurrentStream: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/stream",
    summary:
      "The same of the run in progress, whose id is part of the ids of its parts; 204 at rest. A reader that comes back stays with its run.",
    params: session,
    query: z.strictObject({ after: StreamPosition.optional().describe("Id of the last part seen."), limit }),
    headers: z.object({
      accept,
      "last-event-id": StreamPosition.optional().describe("Id of the last part seen; wins over `after`."),
    }),
    body: null,
    responses: { 200: StreamPage.extend({ runId: RunId }), 204: null },
    stream: StreamPart,
    problems: ofStream,
  },
} as const satisfies Readonly<Record<string, Route>>;
