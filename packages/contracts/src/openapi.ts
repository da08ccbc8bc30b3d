/**
 * The API's description in OpenAPI 3.1, generated from the route table.
 *
 *   A4  Every route of the table is described, and nothing else.
 *   A5  Every `$ref` resolves inside the document.
 *   A6  What is sent is closed, what is shown is open: a new field in an answer
 *       breaks no reader.
 */
import * as z from "zod";
import { Admission } from "./admission.ts";
import { ControlReport } from "./control.ts";
import { Delivery } from "./delivery.ts";
import { ERRORS, type ErrorCode, statusOf } from "./errors/registry.ts";
import { Explanation } from "./explanation.ts";
import { OperationResource } from "./operation-resource.ts";
import { Outcome } from "./outcome.ts";
import { PolicyDecision } from "./policy.ts";
import { Receipt } from "./receipt.ts";
import { InputResource, ProblemDocument, Readiness, SessionResource, WorkerResource } from "./resources.ts";
import type { Route } from "./route.ts";
import { COMMON_PROBLEMS, ROUTES } from "./routes.ts";
import { EventEnvelope } from "./runtime-event.ts";
import { ScheduleView } from "./schedule.ts";
import { InteractionStatus, RunStanding, SubmitOutcome } from "./standing.ts";

/** Part of an OpenAPI document. */
export type OpenApiNode = { readonly [key: string]: unknown };

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly info: OpenApiNode;
  readonly paths: Readonly<Record<string, OpenApiNode>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

const shown = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries({
  Admission,
  ControlReport,
  Delivery,
  EventEnvelope,
  Explanation,
  InputResource,
  InteractionStatus,
  OperationResource,
  Outcome,
  PolicyDecision,
  Problem: ProblemDocument,
  Readiness,
  Receipt,
  RunStanding,
  ScheduleView,
  SessionResource,
  SubmitOutcome,
  WorkerResource,
})) {
  shown.add(schema as z.ZodType, { id });
}

/** Describes the API. The answer is the same document every time. */
export function describeApi(info: { readonly title: string; readonly version: string }): OpenApiDocument {
  const schemas: Record<string, unknown> = { Json: { description: "Any JSON value." } };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [operationId, route] of Object.entries<Route>(ROUTES)) {
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: { operationId, ...describeRoute(route, schemas) },
    };
  }
  return { openapi: "3.1.1", info, paths, components: { schemas } };
}

function describeRoute(route: Route, schemas: Record<string, unknown>): OpenApiNode {
  const parameters = [
    ...describeParameters("path", route.params),
    ...describeParameters("query", route.query),
    ...describeParameters("header", route.headers),
  ];
  return {
    summary: route.summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body === null ? {} : { requestBody: describeBody(route.body, schemas) }),
    responses: { ...describeSuccesses(route, schemas), ...describeProblems(route, schemas) },
  };
}

function describeParameters(place: "path" | "query" | "header", object: z.ZodObject): OpenApiNode[] {
  return Object.entries<z.ZodType>(object.shape)
    .filter(([name]) => name !== "accept") // OpenAPI says it by the media types of the answer.
    .map(([name, schema]) => {
      // What is read, not what is typed: `limit` is a number although it arrives as text.
      const { $schema: _dialect, description, ...rest } = z.toJSONSchema(schema, { io: "output" });
      const isRequired = !schema.safeParse(undefined).success;
      return { name, in: place, required: isRequired, ...(description ? { description } : {}), schema: rest };
    });
}

function describeBody(body: z.ZodType, schemas: Record<string, unknown>): OpenApiNode {
  const schema = lift(z.toJSONSchema(body, { io: "input" }), schemas);
  const isRequired = !body.safeParse(undefined).success;
  return { required: isRequired, content: { "application/json": { schema } } };
}

function describeSuccesses(route: Route, schemas: Record<string, unknown>): Record<string, unknown> {
  const headers = Object.entries(route.responseHeaders ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: "string" } },
  ]);
  const isStreamed = route.stream !== undefined;
  return Object.fromEntries(
    Object.entries<z.ZodType | null | undefined>(route.responses).map(([status, schema]) => {
      if (schema === null || schema === undefined) return [status, { description: "Nothing is left to read." }];
      const content = {
        "application/json": { schema: describeShown(schema, schemas) },
        ...(isStreamed ? { "text/event-stream": { schema: { type: "string" } } } : {}),
      };
      const described = headers.length > 0 ? { headers: Object.fromEntries(headers) } : {};
      return [status, { description: route.summary, ...described, content }];
    }),
  );
}

function describeProblems(route: Route, schemas: Record<string, unknown>): Record<string, unknown> {
  const schema = describeShown(ProblemDocument, schemas);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set<ErrorCode>([...route.problems, ...COMMON_PROBLEMS])) {
    byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !(status in route.responses))
      .map(([status, codes]) => [
        status,
        {
          description: codes.map((code) => `\`${code}\`: ${ERRORS[code].summary}`).join("\n"),
          content: { "application/problem+json": { schema } },
        },
      ]),
  );
}

/** A schema of an answer, open for new fields (A6), with its named parts as components. */
function describeShown(schema: z.ZodType, schemas: Record<string, unknown>): unknown {
  const wrapped = z.toJSONSchema(z.object({ root: schema }), {
    io: "output",
    metadata: shown,
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  const { properties } = lift(wrapped, schemas) as { properties: { root: unknown } };
  return properties.root;
}

/** Moves the definitions of a schema to the components, and its references with them (A5). */
function lift(
  { $schema: _dialect, $defs = {}, ...schema }: z.core.JSONSchema.BaseSchema,
  schemas: Record<string, unknown>,
): unknown {
  for (const [name, definition] of Object.entries($defs)) {
    if (isAnyJson(name, definition)) continue;
    if (name.startsWith("__")) throw new TypeError(`the recursive schema ${name} needs a name of its own`);
    const { id: _name, ...described } = definition;
    schemas[name] = relocate(described);
  }
  return relocate(schema);
}

/** Whether a definition is what `z.json()` becomes. */
function isAnyJson(name: string, definition: unknown): boolean {
  return JSON.stringify(definition).replaceAll(name, "__schema0") === ANY_JSON;
}

const ANY_JSON = JSON.stringify(z.toJSONSchema(z.tuple([z.json()])).$defs?.["__schema0"]);

function relocate(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(relocate);
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === "$ref" ? relocateReference(String(value)) : relocate(value),
    ]),
  );
}

function relocateReference(reference: string): string {
  const name = reference.slice("#/$defs/".length);
  return `#/components/schemas/${name.startsWith("__") ? "Json" : name}`;
}
