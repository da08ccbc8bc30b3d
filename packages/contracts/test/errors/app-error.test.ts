import { describe, expect, it } from "vitest";
import { AppError, ERRORS, isAppError, toProblem } from "../../src/index.ts";

describe("AppError", () => {
  it("carries the summary of its code unless it is given a message", () => {
    expect(new AppError("session.torn").message).toBe(ERRORS["session.torn"].summary);
    expect(new AppError("session.torn", { message: "bucket 7" }).message).toBe("bucket 7");
  });

  it("keeps its cause and its details", () => {
    const cause = new Error("ECONNREFUSED");

    expect(new AppError("store.unavailable", { cause, details: { bucket: 7 } })).toMatchObject({
      code: "store.unavailable",
      details: { bucket: 7 },
      cause,
    });
  });

  it("has no cause when none is given", () => {
    expect(Object.hasOwn(new AppError("internal.bug"), "cause")).toBe(false);
  });

  it("does not show its brand in listings", () => {
    expect(Object.getOwnPropertySymbols(new AppError("internal.bug")).map(String)).toEqual([
      "Symbol(holdfast.AppError)",
    ]);
    expect(Object.keys(new AppError("internal.bug"))).toEqual(["code", "details", "name"]);
  });
});

describe("isAppError", () => {
  it("recognises one by brand and by code", () => {
    const error: unknown = new AppError("session.destroyed");

    expect(isAppError(error)).toBe(true);
    expect(isAppError(error, "session.destroyed")).toBe(true);
    expect(isAppError(error, "session.not_found")).toBe(false);
  });

  it("recognises one of another copy of this package", () => {
    const foreign = Object.assign(new Error("x"), {
      code: "session.destroyed",
      [Symbol.for("holdfast.AppError")]: true,
    });

    expect(isAppError(foreign, "session.destroyed")).toBe(true);
  });

  it.each([null, undefined, "session.destroyed", new Error("x"), { code: "session.destroyed", name: "AppError" }])(
    "does not take %o for one",
    (value) => {
      expect(isAppError(value)).toBe(false);
    },
  );
});

describe("toProblem", () => {
  it("is the wire form of a known error", () => {
    const error = new AppError("store.unavailable", { message: "no answer", details: { bucket: 7 } });

    expect(toProblem(error)).toEqual({
      type: "urn:holdfast:problem:store.unavailable",
      title: ERRORS["store.unavailable"].summary,
      status: 503,
      detail: "no answer",
      code: "store.unavailable",
      isRetryable: true,
      details: { bucket: 7 },
    });
  });

  it("leaves out empty details", () => {
    expect(toProblem(new AppError("internal.bug"))).not.toHaveProperty("details");
  });

  it.each([new Error("password=hunter2"), "password=hunter2", null])("tells nothing of an unknown error", (error) => {
    const problem = toProblem(error);

    expect(problem.code).toBe("internal.bug");
    expect(JSON.stringify(problem)).not.toContain("hunter2");
  });
});
