import { InputStatus, RunStatus, SessionPhase } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { findLifecycleLiterals } from "../../tools/lifecycle-literals.ts";
import { FRAGMENT_FILES, SCRIPT_FILES } from "./read-lua.ts";

// Also the tag of a reply, so that a script may say it.
const TAGS = ["staged"];
const WORDS = new Set([...SessionPhase.options, ...InputStatus.options, ...RunStatus.options]);

it("finds no phase and no status in the scripts: lifecycle stands in the machines alone", () => {
  const files = [...SCRIPT_FILES, ...FRAGMENT_FILES];

  expect(files.length).toBeGreaterThan(20);
  expect(files.flatMap(({ name, text }) => findLifecycleLiterals(name, text))).toEqual([]);
});

describe("a literal that is planted", () => {
  it.each([...WORDS].filter((word) => !TAGS.includes(word)))("%s is found in every script", (word) => {
    for (const { name, text } of SCRIPT_FILES) {
      const planted = `${text}\nif c.h.phase == "${word}" then return end\n`;
      const line = planted.split("\n").length - 1;

      expect(findLifecycleLiterals(name, planted)).toEqual([`${name}.lua:${line}: "${word}"`]);
    }
  });

  it("is found in single quotes, and twice when it stands twice", () => {
    expect(findLifecycleLiterals("x", "a('idle')\nb(\"retired\", 'idle')")).toEqual([
      'x.lua:1: "idle"',
      'x.lua:2: "retired"',
      'x.lua:2: "idle"',
    ]);
  });

  it("counts its line from the top of the file, header included", () => {
    expect(findLifecycleLiterals("x", '--[[\n  x: does something with "idle".\n]]\nlocal a = "idle"\n')).toEqual([
      'x.lua:4: "idle"',
    ]);
  });
});

it.each([
  ["a comment", 'local a = 1 -- "idle" is what it was'],
  ["a word that is not quoted", "local idle = retired"],
  ["part of a longer text", 'emit(c, "session.idle|")'],
  ["a reply that says a batch was staged", 'return { "staged", batch }'],
])("takes %s for none", (_what, text) => {
  expect(findLifecycleLiterals("x", text)).toEqual([]);
});
