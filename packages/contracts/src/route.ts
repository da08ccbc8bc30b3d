import type * as z from "zod";
import type { ErrorCode } from "./errors/registry.ts";

/** The description of one route. */
export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** OpenAPI form: `/v1/sessions/{sessionId}`. A parameter is one segment, see {@link pathSegment}. */
  readonly path: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** Headers it reads, in lower case; others are ignored. */
  readonly headers: z.ZodObject;
  /** `null` for a route without a body. */
  readonly body: z.ZodType | null;
  /** The runtime checks the body itself, with codes of its own. */
  readonly isBodyCheckedByRuntime?: true;
  /** Success status → body; `null` for none. */
  readonly responses: Readonly<Partial<Record<SuccessStatus, z.ZodType | null>>>;
  /** Headers a success may carry, in lower case. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
  /** What one event of the stream holds, for a route that can answer with `text/event-stream`. */
  readonly stream?: z.ZodType;
  readonly problems: readonly ErrorCode[];
}

/** Statuses that are no error. 503 is how a probe says no. */
export type SuccessStatus = 200 | 202 | 204 | 503;
