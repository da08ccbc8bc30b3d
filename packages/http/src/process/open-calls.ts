import type { ServerResponse } from "node:http";

/**
 * The calls that wait for something, so that a shutdown can end them.
 *
 * A call that never asks for its signal costs nothing.
 */
export class OpenCalls {
  readonly #open = new Map<ServerResponse, AbortController>();
  #isClosed = false;

  /** Aborts when the response is over, the caller is gone, or all calls are ended. */
  signalOf(response: ServerResponse): AbortSignal {
    const known = this.#open.get(response);
    if (known !== undefined) return known.signal;
    const controller = new AbortController();
    if (this.#isClosed || response.destroyed) {
      controller.abort();
      return controller.signal;
    }
    this.#open.set(response, controller);
    response.once("close", () => {
      this.#open.delete(response);
      controller.abort();
    });
    return controller.signal;
  }

  /** Ends every call that waits, and any that would from now on. */
  endAll(): void {
    this.#isClosed = true;
    for (const controller of this.#open.values()) controller.abort();
  }
}
