import { describe, expect, it } from "vitest";
import { barLine, Progress, plainLine, type Standing } from "../../src/terminal/progress.ts";
import type { TextStream } from "../../src/terminal/terminal.ts";
import { widthOf } from "../../src/terminal/text.ts";

function stream(isTty: boolean) {
  const written: string[] = [];
  const made: TextStream = { isTty, columns: 60, write: (text) => written.push(text) };
  return { written, made };
}

const standing: Standing = {
  fraction: 0.5,
  count: 0,
  facts: [
    ["admitted", 12_345],
    ["failed", 0],
  ],
};

describe("progress", () => {
  it("is a bar with share, rate and facts on a terminal", () => {
    expect(barLine(standing, 1_234.4, 80)).toBe(
      `${"█".repeat(12)}${"░".repeat(12)}  50%  1,234/s  admitted 12,345  failed 0`,
    );
  });

  it("gives the numbers their columns first and the bar what is left", () => {
    const numbers = "  50%  10/s  admitted 12,345  failed 0";

    expect(barLine(standing, 10, numbers.length + 4)).toBe(`██░░${numbers}`);
    expect(barLine(standing, 10, 10)).toBe(numbers);
  });

  it("is a plain line with the time elsewhere", () => {
    expect(plainLine(standing, 10, 6_000)).toBe("6.0 s  50%  10/s  admitted 12,345  failed 0");
    expect(plainLine({ ...standing, fraction: null }, 10, 0)).toBe("0.0 s  10/s  admitted 12,345  failed 0");
  });

  it("counts the rate over the last seconds only", () => {
    const { written, made } = stream(false);
    let now = 0;
    let count = 0;
    const progress = new Progress({ stream: made, standing: () => ({ ...standing, count }), now: () => now });

    progress.draw();
    now = 10_000;
    count = 100_000;
    progress.draw();
    now = 13_000;
    count = 103_000;
    progress.draw();

    expect(written.map((line) => / ([\d,]+)\/s/.exec(line)?.[1])).toEqual(["0", "10,000", "1,000"]);
  });

  it("writes a note above the moving line, and takes the line away at the end", () => {
    const { written, made } = stream(true);
    const progress = new Progress({ stream: made, standing: () => standing, now: () => 0 });

    progress.draw();
    progress.note("a note");
    progress.draw();
    progress.stop();

    expect(written).toHaveLength(5);
    expect(written[1]).toBe("\r\u001b[2K");
    expect(written[2]).toBe("a note\n");
    expect(written[4]).toBe("\r\u001b[2K");
  });

  it("never fills the line, so that it does not wrap", () => {
    const { written, made } = stream(true);
    new Progress({ stream: made, standing: () => ({ ...standing, facts: [["x".repeat(200), 1]] }) }).draw();

    expect(widthOf((written[0] ?? "").replace("\r", ""))).toBe(59);
  });
});
