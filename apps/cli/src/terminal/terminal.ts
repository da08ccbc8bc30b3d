/** What the process says and to whom: results to stdout, everything else to stderr. */
import { styleText } from "node:util";

/** A place to write text to; `isTty` decides about colours and moving lines. */
export interface TextStream {
  readonly isTty: boolean;
  readonly columns: number;
  write(text: string): void;
}

/** Colours that mean something here. */
export type Tone = "good" | "warning" | "bad" | "quiet" | "strong";

const STYLES = { good: "green", warning: "yellow", bad: "red", quiet: "gray", strong: "bold" } as const;
const DEFAULT_COLUMNS = 80;

/** Results, for people or machines. */
export const stdout: TextStream = streamOf(process.stdout);

/** Progress, warnings and errors. */
export const stderr: TextStream = streamOf(process.stderr);

/** Colours a text where somebody can see it. */
export function paint(stream: TextStream, tone: Tone, text: string): string {
  const isWanted = stream.isTty && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  return isWanted ? styleText(STYLES[tone], text, { validateStream: false }) : text;
}

/** Writes one line of a result. */
export function printLine(text: string): void {
  stdout.write(`${text}\n`);
}

/** Writes one line beside the result: what somebody may not have expected. */
export function printNote(text: string): void {
  stderr.write(`${paint(stderr, "warning", "note")}: ${text}\n`);
}

/** Writes one JSON document on one line. */
export function printJson(value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`);
}

/** A reader that went away (`| head`) has seen what it wanted: no error. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
}

function streamOf(stream: NodeJS.WriteStream): TextStream {
  return {
    get isTty() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.columns ?? DEFAULT_COLUMNS;
    },
    write: (text) => {
      stream.write(text);
    },
  };
}
