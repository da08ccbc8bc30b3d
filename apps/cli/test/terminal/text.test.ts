import { describe, expect, it } from "vitest";
import { tableLines } from "../../src/terminal/table.ts";
import { clip, printable, widthOf } from "../../src/terminal/text.ts";

describe("text on a terminal", () => {
  it("shows what would act on the terminal instead of letting it", () => {
    expect(printable("a\nb\tc\u001b[31md\u202ee")).toBe("a\\nb\\tc\\u001b[31md\\u202ee");
  });

  it("has the width it looks like", () => {
    expect([
      widthOf("abc"),
      widthOf("日本"),
      widthOf("é"),
      widthOf("👩‍👩‍👧"),
      widthOf("\u001b[31mx\u001b[39m"),
    ]).toEqual([3, 4, 1, 2, 1]);
  });

  it("is clipped to columns, not characters", () => {
    expect(clip("abcdef", 6)).toBe("abcdef");
    expect(clip("abcdefg", 6)).toBe("abcde…");
    expect(clip("日本語", 5)).toBe("日本…");
  });
});

describe("a table", () => {
  it("aligns its columns", () => {
    const columns = [{ title: "session" }, { title: "n", align: "right" as const }, { title: "note" }];

    expect(
      tableLines(columns, [
        ["日本", "10", ""],
        ["chat/42", "7", "x"],
      ]),
    ).toEqual(["session   n  note", "日本     10", "chat/42   7  x"]);
  });
});
