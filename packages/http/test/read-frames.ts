/** One frame of `text/event-stream`; a comment or a retry hint is a frame without an event. */
export interface Frame {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly retry?: string;
  readonly comment?: string;
}

/** An open stream; whoever stops reading it hangs up. */
export interface OpenStream {
  readonly response: Response;
  readonly frames: AsyncGenerator<Frame>;
  readonly hangUp: () => void;
}

/** Opens a stream and reads its frames until it ends or the reader stops. */
export async function openStream(url: string, headers: Readonly<Record<string, string>> = {}): Promise<OpenStream> {
  // Cancelling the body would leave the connection open for the next request to take over.
  const controller = new AbortController();
  const hangUp = () => controller.abort();
  const response = await fetch(url, { headers, signal: controller.signal });
  return { response, hangUp, frames: readFrames(response, hangUp) };
}

/** Reads frames up to the first that is the last one wanted, or to the end of the stream. */
export async function readUntil({ frames }: OpenStream, isLast: (frame: Frame) => boolean): Promise<Frame[]> {
  const read: Frame[] = [];
  for await (const frame of frames) {
    read.push(frame);
    if (isLast(frame)) break;
  }
  return read;
}

async function* readFrames(response: Response, hangUp: () => void): AsyncGenerator<Frame> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read()) {
      const blocks = (rest + decoder.decode(chunk.value, { stream: true })).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) yield parseFrame(block);
    }
    if (rest !== "") throw new Error(`the stream ended inside a frame: ${rest}`);
  } finally {
    hangUp();
  }
}

function parseFrame(block: string): Frame {
  return Object.fromEntries(
    block.split("\n").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon) || "comment", line.slice(colon + 1).trimStart()];
    }),
  );
}
