/** Ports of this machine, and what answers on them. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { AppError } from "@holdfast/contracts";

/** A port that nobody listens on at this moment. Another process may take it first. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new AppError("internal.bug");
  return address.port;
}

/** Whether a Redis on this port is ready; one that loads its data is not yet. */
export function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on("connect", () => socket.write("PING\r\n"));
    socket.on("data", (reply) => {
      resolve(reply.toString().startsWith("+PONG"));
      socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(false));
  });
}
