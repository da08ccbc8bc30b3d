/** What `holdfast dev` says on the terminal. */
import { encodePathSegment } from "holdfast";
import { paint, type TextStream, type Tone } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";
import type { Step } from "./conversation.ts";

const LABEL_COLUMNS = 9;
const STEP_COLUMNS = 10;

const TONES: Partial<Record<Step["name"], Tone>> = {
  committed: "good",
  outcome: "good",
  failed: "bad",
  note: "warning",
};

/** Levels as pino numbers them. */
const WARN = 40;
const ERROR = 50;

/** The shell words that send the next input, and how to go on from there. */
export interface Farewell {
  readonly apiUrl: string;
  readonly sessionId: string;
  readonly executor: string;
  readonly key: string;
  /** What is left after the end. */
  readonly keeps: string;
}

/** Writes to one stream. */
export class DevOutput {
  readonly #stream: TextStream;

  constructor(stream: TextStream) {
    this.#stream = stream;
  }

  title(): void {
    this.#line(paint(this.#stream, "strong", "holdfast dev"));
    this.#line("");
  }

  /** A part that is up. */
  part(label: string, text: string): void {
    this.#line(`  ${paint(this.#stream, "quiet", label.padEnd(LABEL_COLUMNS))}${text}`);
  }

  /** Lines that must not be overlooked. */
  warning(lines: readonly string[]): void {
    if (lines.length === 0) return;
    const rule = "!".repeat(Math.max(...lines.map(({ length }) => length)) + 4);
    const framed = [rule, ...lines.map((line) => `! ${line}`), rule];
    for (const line of framed) this.#line(`  ${paint(this.#stream, "warning", line)}`);
    this.#line("");
  }

  /** Something that happened to a part. */
  note(text: string, tone: Tone = "warning"): void {
    this.#line(`  ${paint(this.#stream, tone, text)}`);
  }

  conversation(sessionId: string, executor: string): void {
    this.#line("");
    this.#line(
      `A conversation with ${paint(this.#stream, "strong", sessionId)} (executor ${executor}), as it happens:`,
    );
  }

  /** A step of the conversation. */
  step({ name, text, atMs }: Step): void {
    if (name === "sent") {
      this.#line("");
      this.#line(`  > ${paint(this.#stream, "strong", text)}`);
      return;
    }
    const label = paint(this.#stream, TONES[name] ?? "quiet", name.padEnd(STEP_COLUMNS));
    const time = paint(this.#stream, "quiet", `+${Math.round(atMs)} ms`);
    this.#line(`    ${label} ${text}  ${time}`);
  }

  /** How to go on. */
  farewell(farewell: Farewell): void {
    const { apiUrl, sessionId, keeps } = farewell;
    const session = `${apiUrl}/v1/sessions/${encodePathSegment(sessionId)}`;
    const lines = [
      ["The API listens on", apiUrl],
      ["Send the next input", curlLine(farewell)],
      ["Follow the session", `curl -sSN ${session}/events`],
      ["Ask what it does", `curl -sS ${session}/explain`],
      ["Stop", `Ctrl-C; ${keeps}`],
    ] as const;
    for (const [what, how] of lines) {
      this.#line("");
      this.#line(`${what}:`);
      this.#line(`  ${paint(this.#stream, what === "Stop" ? "quiet" : "strong", how)}`);
    }
    this.#line("");
  }

  /** A line of the worker's log: its warnings and errors for people, anything else as it is. */
  workerLine(line: string): void {
    const entry = parseEntry(line);
    if (entry === null) return this.note(`worker: ${printable(line)}`, "quiet");
    const { level, msg, fields } = entry;
    const tone: Tone = level >= ERROR ? "bad" : level >= WARN ? "warning" : "quiet";
    this.note(`worker: ${printable(msg)} ${printable(JSON.stringify(fields))}`, tone);
  }

  #line(text: string): void {
    this.#stream.write(`${text}\n`);
  }
}

/** One line for a POSIX shell, complete. */
export function curlLine({ apiUrl, sessionId, executor, key }: Omit<Farewell, "keeps">): string {
  const url = `${apiUrl}/v1/sessions/${encodePathSegment(sessionId)}/inputs?executor=${executor}&wait=10`;
  const body = JSON.stringify({ kind: "prompt", text: "And what comes next?" });
  return [
    "curl -sS",
    quoted(url),
    `-H ${quoted("content-type: application/json")}`,
    `-H ${quoted(`idempotency-key: ${key}`)}`,
    `-d ${quoted(body)}`,
  ].join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function parseEntry(line: string): { level: number; msg: string; fields: Record<string, unknown> } | null {
  try {
    const {
      level,
      msg,
      time: _time,
      pid: _pid,
      hostname: _host,
      name: _name,
      ...fields
    } = JSON.parse(line) as Record<string, unknown>;
    return typeof level === "number" && typeof msg === "string" ? { level, msg, fields } : null;
  } catch {
    return null; // Written by something else than the log.
  }
}
