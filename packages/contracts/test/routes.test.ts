import { describe, expect, it } from "vitest";
import { COMMON_PROBLEMS, ERRORS, ID_FIELDS, ROUTE_NAMES, ROUTES, type Route, toProblem } from "../src/index.ts";
import { ProblemDocument } from "../src/resources.ts";

const table = Object.entries<Route>(ROUTES);

const namesIn = (path: string) => [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);

it("names every method and path once", () => {
  const targets = table.map(([, { method, path }]) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`);

  expect(new Set(targets).size).toBe(ROUTE_NAMES.length);
});

describe.each(table)("the route %s", (_name, route) => {
  it("declares exactly the parameters of its path", () => {
    expect(Object.keys(route.params.shape)).toEqual(namesIn(route.path));
  });

  it("names headers in lower case", () => {
    const names = [...Object.keys(route.headers.shape), ...Object.keys(route.responseHeaders ?? {})];

    expect(names).toEqual(names.map((name) => name.toLowerCase()));
  });

  it("answers with registered codes, none of them twice and none that every route has", () => {
    expect(Object.keys(ERRORS)).toEqual(expect.arrayContaining([...route.problems]));
    expect(new Set(route.problems).size).toBe(route.problems.length);
    expect(route.problems.filter((code) => COMMON_PROBLEMS.some((common) => common === code))).toEqual([]);
  });

  it("has a summary that is a sentence", () => {
    expect(route.summary).toMatch(/^[A-Z].*\.$/);
  });

  it("takes a body only where a method has one", () => {
    expect(route.body !== null).toBe(route.method !== "GET" && route.method !== "DELETE");
  });
});

it("can say that an id is at fault wherever one is named", () => {
  const named = table.flatMap(([, route]) => Object.keys(route.params.shape));

  expect(named.filter((name) => !ID_FIELDS.includes(name))).toEqual(["verb", "obligation", "sequence", "verb"]);
});

describe("a number in a query", () => {
  const { query } = ROUTES.listInputs;

  it.each([
    [{}, { after: 0, limit: 50 }],
    [
      { after: "7", limit: "100" },
      { after: 7, limit: 100 },
    ],
    [{ after: 7 }, { after: 7, limit: 50 }],
  ])("reads %o", (sent, read) => {
    expect(query.parse(sent)).toEqual(read);
  });

  it.each([
    { after: "" },
    { after: " 1" },
    { after: "1e3" },
    { after: "0x10" },
    { after: "-1" },
    { after: "1.5" },
    { after: "9".repeat(16) },
    { limit: "0" },
    { limit: "101" },
    { afterr: "1" },
  ])("refuses %o", (sent) => {
    expect(query.safeParse(sent).success).toBe(false);
  });
});

it.each([
  ["", true],
  ["1", true],
  ["true", true],
  ["0", false],
  ["false", false],
  [undefined, false],
])("reads the flag %o as %o", (verbose, read) => {
  expect(ROUTES.getReadiness.query.parse({ verbose })).toEqual({ verbose: read });
});

it("reads an absent body as an empty one where everything in it is optional", () => {
  expect(ROUTES.ensureSession.body.parse(undefined)).toEqual({});
  expect(ROUTES.controlSession.body.parse(undefined)).toEqual({});
  expect(ROUTES.interruptRun.body.parse(undefined)).toEqual({});
});

it("shows a problem in the documented form", () => {
  expect(ProblemDocument.parse(toProblem(new Error("secret")))).toEqual(toProblem(new Error("secret")));
});
