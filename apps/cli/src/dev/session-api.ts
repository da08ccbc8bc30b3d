/** As much of the HTTP API as a conversation needs, over the wire like any other client. */
import {
  AppError,
  ERRORS,
  type ErrorCode,
  type EventEnvelope,
  type Explanation,
  encodePathSegment,
  type Outcome,
  type Problem,
  type SentInput,
  type SessionResource,
} from "holdfast";

/** Whom to ask, and until when. */
export interface SessionApiOptions {
  readonly apiUrl: string;
  readonly sessionId: string;
  readonly signal: AbortSignal;
}

/** One session, as a client sees it. Its methods reject with the code the API answers with. */
export class SessionApi {
  /** Of the session. */
  readonly url: string;
  readonly #signal: AbortSignal;

  constructor({ apiUrl, sessionId, signal }: SessionApiOptions) {
    this.url = `${apiUrl}/v1/sessions/${encodePathSegment(sessionId)}`;
    this.#signal = signal;
  }

  /** Where the session's events stand; 0 for a session that does not exist. */
  async cursor(): Promise<number> {
    const response = await this.#fetch(this.url);
    if (response.status === 404) return 0;
    return (await read<SessionResource>(response)).cursor;
  }

  /** Sends a prompt once; creates the session if need be. */
  async send({ text, key, executor }: { text: string; key: string; executor: string }): Promise<SentInput> {
    const response = await this.#fetch(`${this.url}/inputs?executor=${executor}`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ kind: "prompt", text }),
    });
    return read<SentInput>(response);
  }

  /** How an input ended. */
  async outcome(inputId: string, waitSeconds: number): Promise<Outcome> {
    return read<Outcome>(await this.#fetch(`${this.url}/inputs/${inputId}/outcome?wait=${waitSeconds}`));
  }

  /** What the session waits for. */
  async explain(): Promise<Explanation> {
    return read<Explanation>(await this.#fetch(`${this.url}/explain`));
  }

  /** Events after a cursor, as they happen. */
  async *events(after: number): AsyncGenerator<EventEnvelope, void, void> {
    const response = await this.#fetch(`${this.url}/events?after=${after}`, {
      headers: { accept: "text/event-stream" },
    });
    if (!response.ok || response.body === null) await read(response);
    for await (const frame of frames(response.body as ReadableStream<Uint8Array>)) {
      const { event, data } = parseFrame(frame);
      if (event === "end") return;
      if (event === "problem") throw errorOf(JSON.parse(data) as Problem);
      if (data !== "") yield JSON.parse(data) as EventEnvelope;
    }
  }

  #fetch(url: string, init: RequestInit = {}): Promise<Response> {
    return fetch(url, { ...init, signal: this.#signal });
  }
}

async function read<T>(response: Response): Promise<T> {
  const body: unknown = await response.json();
  if (response.ok) return body as T;
  throw errorOf(body as Problem);
}

function errorOf({ code, detail, details = {} }: Problem): AppError {
  const known: ErrorCode = code in ERRORS ? code : "internal.bug";
  return new AppError(known, { message: detail, details });
}

/** Text between empty lines. */
async function* frames(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
    rest = parts.pop() as string;
    yield* parts;
  }
}

function parseFrame(frame: string): { readonly event: string; readonly data: string } {
  const fields = new Map(frame.split("\n").map((line) => [line.split(": ", 1)[0], line.slice(line.indexOf(": ") + 2)]));
  return { event: fields.get("event") ?? "", data: fields.get("data") ?? "" };
}
