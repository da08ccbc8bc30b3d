import { describe, expect, it } from "vitest";
import { describeApi, ROUTE_NAMES, ROUTES, type Route } from "../src/index.ts";

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Record<string, { readonly schema: unknown }> };
  readonly responses: Record<string, { readonly content?: Record<string, unknown>; readonly headers?: object }>;
}

const document = describeApi({ title: "Holdfast", version: "1.0.0" });

const operations = new Map(
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(
      ([method, operation]) => [operation.operationId, { path, method, operation }] as const,
    ),
  ),
);

function operationOf(name: string): Operation {
  const found = operations.get(name);
  if (found === undefined) throw new Error(`no operation ${name}`);
  return found.operation;
}

/** Every value under `key`, anywhere in a document. */
function valuesOf(key: string, node: unknown): unknown[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => [...(name === key ? [value] : []), ...valuesOf(key, value)]);
}

it("describes every route of the table and nothing else (A4)", () => {
  const described = [...operations].map(([name, { path, method }]) => [name, `${method.toUpperCase()} ${path}`]);
  const declared = Object.entries<Route>(ROUTES).map(([name, { method, path }]) => [name, `${method} ${path}`]);

  expect(new Map(described as [string, string][])).toEqual(new Map(declared as [string, string][]));
});

it("refers only to what it holds (A5)", () => {
  const names = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  const references = new Set(valuesOf("$ref", document));

  expect(names).toEqual(expect.arrayContaining([...references]));
  expect(valuesOf("$defs", document)).toEqual([]);
});

it("closes what is sent and opens what is shown (A6)", () => {
  const sent = operationOf("sendInput").requestBody?.content["application/json"]?.schema;

  expect(valuesOf("additionalProperties", sent)).toContain(false);
  expect(valuesOf("additionalProperties", document.components)).not.toContain(false);
  for (const name of ROUTE_NAMES) {
    expect(valuesOf("additionalProperties", operationOf(name).responses)).not.toContain(false);
  }
});

it("calls each component by its name once", () => {
  expect(Object.keys(document.components.schemas)).toEqual(
    expect.arrayContaining(["InputResource", "Json", "Outcome", "Problem", "Receipt", "SessionResource"]),
  );
  expect(document.components.schemas).not.toHaveProperty("__schema0");
});

describe.each(ROUTE_NAMES)("the operation %s", (name) => {
  it("answers errors as problem documents", () => {
    const errors = Object.entries(operationOf(name).responses).filter(([status]) => Number(status) >= 400);
    const documented = errors.filter(([status]) => !(status in ROUTES[name].responses));

    expect(documented.length).toBeGreaterThan(0);
    for (const [, { content }] of documented) expect(Object.keys(content ?? {})).toEqual(["application/problem+json"]);
  });
});

it("says what must be sent and what may be", () => {
  const { parameters = [], requestBody } = operationOf("getOutcomeByKey");

  expect(parameters.map((parameter) => [parameter.in, parameter.name, parameter.required])).toEqual([
    ["path", "sessionId", true],
    ["query", "key", true],
    ["query", "wait", false],
  ]);
  expect(requestBody).toBeUndefined();
  expect(operationOf("sendInput").requestBody?.required).toBe(true);
  expect(operationOf("ensureSession").requestBody?.required).toBe(false);
});

it("says how any session id is written in a path", () => {
  const id = operationOf("getSession").parameters?.find(({ name }) => name === "sessionId");

  expect(id).toMatchObject({ description: expect.stringContaining("base64url"), schema: { type: "string" } });
});

it("describes numbers as what they mean, not as the text they arrive in", () => {
  const limit = operationOf("listInputs").parameters?.find(({ name }) => name === "limit");

  expect(limit).toMatchObject({ schema: { type: "integer", minimum: 1, maximum: 100, default: 50 } });
});

it("tells of the stream where there is one", () => {
  expect(Object.keys(operationOf("followEvents").responses["200"]?.content ?? {})).toEqual([
    "application/json",
    "text/event-stream",
  ]);
});
