import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * The connections of a server, so that a shutdown can end those nobody uses.
 *
 * Node ends connections that have fallen idle, but not those that a client or
 * a load balancer opened in advance, and not those that fall idle afterwards.
 */
export class Connections {
  /** Requests in flight, by connection. */
  readonly #requests = new Map<Socket, number>();
  #isClosing = false;

  constructor(server: Server) {
    server.on("connection", (socket) => {
      this.#requests.set(socket, 0);
      socket.once("close", () => this.#requests.delete(socket));
    });
    server.on("request", ({ socket }, response) => {
      this.#count(socket, 1);
      response.once("close", () => this.#count(socket, -1));
    });
  }

  /** Ends each connection, at once or when its requests are answered. */
  endUnused(): void {
    this.#isClosing = true;
    for (const socket of this.#requests.keys()) this.#count(socket, 0);
  }

  #count(socket: Socket, change: number): void {
    const requests = this.#requests.get(socket);
    if (requests === undefined) return;
    this.#requests.set(socket, requests + change);
    if (this.#isClosing && requests + change === 0) socket.destroySoon();
  }
}
