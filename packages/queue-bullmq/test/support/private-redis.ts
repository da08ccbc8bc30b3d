import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A Redis that a test may stop, freeze or turn into a replica. */
export interface PrivateRedis {
  readonly url: string;
  readonly port: number;
  /** Ends it; the same port may be used again by `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts a Redis of the test's own on a free port of the loopback. */
export async function startPrivateRedis(): Promise<PrivateRedis> {
  const port = await freePort();
  let child: ChildProcess | null = null;
  const redis: PrivateRedis = {
    port,
    url: `redis://127.0.0.1:${port}`,
    start: async () => {
      const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
      child = spawn("redis-server", options, { stdio: "ignore" });
      await answers(port);
    },
    stop: async () => {
      if (child === null || child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      child = null;
    },
    signal: (signal) => child?.kill(signal),
  };
  await redis.start();
  return redis;
}

/** A port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}

async function answers(port: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < 5_000; waitedMs += 10) {
    if (await ping(port)) return;
    await sleep(10);
  }
  throw new Error(`redis-server does not answer on port ${port}`);
}

function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => socket.write("PING\r\n"));
    socket.on("data", () => {
      resolve(true);
      socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(false));
  });
}
