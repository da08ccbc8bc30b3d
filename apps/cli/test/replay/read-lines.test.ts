import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { isAppError } from "holdfast";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Line, type ReadOptions, readLines } from "../../src/replay/read-lines.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-read-lines-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(content: Uint8Array | string): string {
  const file = join(folder, `${Math.random()}.jsonl`);
  writeFileSync(file, content);
  return file;
}

async function linesOf(content: Uint8Array | string, options?: ReadOptions): Promise<Line[]> {
  return collect(readLines(fileOf(content), options));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

const texts = (lines: readonly Line[]) => lines.map((line) => (line.kind === "line" ? line.text : line.reason));

describe("lines of a file", () => {
  it("come with their numbers, blank ones counted and left out", async () => {
    const lines = await linesOf("one\n\n  \r\nfour\n");

    expect(lines).toEqual([
      { kind: "line", number: 1, text: "one" },
      { kind: "line", number: 4, text: "four" },
    ]);
  });

  it("need no newline at the end, and may begin with a byte order mark", async () => {
    expect(texts(await linesOf("\ufeffone\ntwo"))).toEqual(["one", "two"]);
  });

  it("are none in an empty file", async () => {
    expect(await linesOf("")).toEqual([]);
  });

  it("are read from gzip by its first bytes, whatever the name", async () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `line ${index} ünïcode`).join("\n");

    expect(texts(await linesOf(gzipSync(text)))).toEqual(text.split("\n"));
  });

  it("are the same however the bytes were cut into chunks", async () => {
    const text = Array.from({ length: 9_000 }, (_, index) => `${index} ${"é€😀".repeat(index % 40)}`).join("\n");

    expect(texts(await linesOf(text))).toEqual(text.split("\n"));
  });

  it("are bad when they are no UTF-8, and reading goes on (X1)", async () => {
    const lines = await linesOf(
      Buffer.concat([Buffer.from("one\n"), Buffer.from([0xff, 0xfe]), Buffer.from("\nthree")]),
    );

    expect(lines[1]).toEqual({ kind: "bad", number: 2, reason: "is not UTF-8" });
    expect(texts(lines)).toHaveLength(3);
  });

  it("are bad when they are too long, and the rest is read (X2)", async () => {
    const lines = await linesOf(`short\n${"x".repeat(1_000_000)}\nshort`, { maxLineBytes: 1_000 });

    expect(texts(lines)).toEqual(["short", "is longer than 1000 bytes", "short"]);
  });

  it("end with a bad one where an archive is cut off (X1)", async () => {
    const whole = gzipSync(Array.from({ length: 5_000 }, () => Math.random()).join("\n"));
    const lines = await linesOf(whole.subarray(0, whole.length / 2));

    const last = lines.at(-1);
    expect(last?.kind).toBe("bad");
    expect(last?.number).toBe(lines.length);
    expect(lines.length).toBeGreaterThan(1_000);
  });

  it("tell how much of the file was read", async () => {
    const packed = gzipSync("one\ntwo");
    let bytes = 0;
    await linesOf(packed, { onRead: (read) => (bytes = read) });

    expect(bytes).toBe(packed.length);
  });

  it("of a file that is not there are refused as configuration", async () => {
    const error: unknown = await collect(readLines(join(folder, "none"))).catch((cause: unknown) => cause);

    expect(isAppError(error, "config.invalid")).toBe(true);
  });
});
