/**
 * Reads a file of inputs, one JSON object a line, plain or gzipped.
 *
 *   X1  A bad line is an answer with its number and the reason, and reading goes on.
 *   X2  Memory is bounded by the longest line allowed, not by the file.
 */
import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { AppError } from "holdfast";

/** A line of the file, or what is wrong with it. */
export type Line =
  | { readonly kind: "line"; readonly number: number; readonly text: string }
  | { readonly kind: "bad"; readonly number: number; readonly reason: string };

export interface ReadOptions {
  /** Longest line in bytes; a longer one is bad. */
  readonly maxLineBytes?: number;
  /** Told how many bytes of the file were read so far. */
  readonly onRead?: (bytes: number) => void;
}

const DEFAULT_MAX_LINE_BYTES = 16 * 1_048_576;
const NEWLINE = 0x0a;
const GZIP = [0x1f, 0x8b] as const;

/** The lines of a file; `-` is standard input. Blank lines are counted and left out. @throws config.invalid */
export async function* readLines(file: string, options: ReadOptions = {}): AsyncGenerator<Line> {
  const source = file === "-" ? process.stdin : createReadStream(file);
  const splitter = new LineSplitter(options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES);
  try {
    for await (const chunk of unpack(counted(source, options.onRead))) yield* splitter.push(chunk);
    yield* splitter.end();
  } catch (cause) {
    if (isDataError(cause)) {
      // A damaged or cut archive: what came before it is good.
      yield { kind: "bad", number: splitter.number + 1, reason: `the compressed file is damaged here (${cause.code})` };
      return;
    }
    throw new AppError("config.invalid", { message: `cannot read ${file}: ${reasonOf(cause)}`, cause });
  }
}

async function* counted(source: AsyncIterable<unknown>, onRead?: (bytes: number) => void): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    const buffer = chunk as Buffer;
    bytes += buffer.length;
    onRead?.(bytes);
    yield buffer;
  }
}

/** Told by its first bytes, not by its name. */
async function* unpack(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < GZIP.length) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  const whole = withHead(head, chunks);
  if (head[0] !== GZIP[0] || head[1] !== GZIP[1]) return yield* whole;
  // The error reaches the reader through the iterator; the callback has nothing to add.
  yield* pipeline(Readable.from(whole), createGunzip({ chunkSize: 65_536 }), () => {});
}

async function* withHead(head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* rest;
}

function isDataError(error: unknown): error is NodeJS.ErrnoException {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === "string" && code.startsWith("Z_");
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "this user may not read it",
};

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? "";
  return REASONS[code] ?? (cause instanceof Error ? cause.message : String(cause));
}

/** Cuts chunks of bytes into lines. */
class LineSplitter {
  /** Lines finished so far. */
  number = 0;
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  *push(chunk: Buffer): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      yield* this.#finish();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  *end(): Generator<Line> {
    if (this.#bytes > 0) yield* this.#finish();
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#bytes += part.length;
    if (this.#bytes <= this.#maxBytes) this.#parts.push(part);
    else this.#parts = []; // Only its length matters from here on (X2).
  }

  *#finish(): Generator<Line> {
    const bytes = this.#bytes;
    const parts = this.#parts;
    this.#bytes = 0;
    this.#parts = [];
    this.number += 1;
    if (bytes > this.#maxBytes) {
      yield { kind: "bad", number: this.number, reason: `is longer than ${this.#maxBytes} bytes` };
      return;
    }
    const text = this.#decode(parts);
    if (text === null) yield { kind: "bad", number: this.number, reason: "is not UTF-8" };
    else if (text.trim() !== "") yield { kind: "line", number: this.number, text };
  }

  #decode(parts: readonly Buffer[]): string | null {
    const [only] = parts;
    try {
      // Each call decodes a whole line and drops a byte order mark at its beginning.
      return this.#decoder.decode(parts.length === 1 ? only : Buffer.concat(parts));
    } catch {
      return null; // The one thing a fatal decoder throws for.
    }
  }
}
