import { describe, expect, it } from "vitest";
import { isVersionRange, isVersionWithin } from "../../src/index.ts";

describe("a range of versions", () => {
  it.each(["^2.1", ">=1.4 <3", "1.x || 2.x", "*", "2.0.0-rc.1"])("is read: %s", (range) => {
    expect(isVersionRange(range)).toBe(true);
  });

  it.each(["latest", "two", ">=", "^"])("is refused when it is none: %s", (range) => {
    expect(isVersionRange(range)).toBe(false);
  });

  it.each([
    ["2.1.0", "^2.1", true],
    ["3.0.0", "^2.1", false],
    ["1.9.9", "1.x || 3.x", true],
    ["2.0.0", "1.x || 3.x", false],
    ["2.0.0-rc.1", "^2", false],
    ["2.0.0-rc.2", ">=2.0.0-rc.1", true],
    ["1", "*", false],
  ])("%s lies in %s: %s", (version, range, isWithin) => {
    expect(isVersionWithin(version, range)).toBe(isWithin);
  });
});
