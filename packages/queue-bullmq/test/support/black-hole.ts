import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Stands between a client and Redis. */
export interface BlackHole {
  readonly url: string;
  /** From now on the connections that exist carry nothing, in either direction, and stay open. */
  swallow(): void;
  close(): Promise<void>;
}

/** Forwards to a port of the loopback until it is told to swallow. */
export async function startBlackHole(target: string): Promise<BlackHole> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    client.on("close", () => upstream.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `redis://127.0.0.1:${(server.address() as { port: number }).port}`,
    swallow: () => {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
