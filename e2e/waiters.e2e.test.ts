import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startPrivateRedis } from "@holdfast/redis-server";
import { createHoldfast } from "holdfast";
import { expect, it } from "vitest";

const fixture = fileURLToPath(new URL("fixtures/waiting-process.ts", import.meta.url));
const loader = fileURLToPath(new URL("../node_modules/jiti/lib/jiti-cli.mjs", import.meta.url));

const SESSIONS = 200;
const WAITERS = 500;

/** A process that sends and waits; its lines as they come. */
function startWaiting(redisUrl: string, first: number) {
  const child = spawn(process.execPath, [loader, fixture, String(first), String(WAITERS), String(SESSIONS)], {
    env: { ...process.env, REDIS_URL: redisUrl, NODE_OPTIONS: "--conditions=@holdfast/source" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { next: async () => String((await lines.next()).value), kill: () => child.kill("SIGKILL") };
}

it("tells a thousand waiters in two processes how their inputs ended while sessions are ended at random (G9)", async () => {
  const redis = await startPrivateRedis({});
  const operator = await createHoldfast({ redis: redis.url });
  const waiting = [startWaiting(redis.url, 0), startWaiting(redis.url, WAITERS)];
  try {
    const sent = await Promise.all(waiting.map(({ next }) => next()));
    const given = new Map<string, string>();
    const verbs = ["stop", "reset", "destroy", "unregister", "none"] as const;
    await Promise.all(
      Array.from({ length: SESSIONS }, async (_, n) => {
        const { ref } = operator.session(`s${n}`);
        const verb = verbs[n % verbs.length] as (typeof verbs)[number];
        given.set(ref.sessionId, verb);
        if (verb === "unregister") await operator.runtime.unregisterSession(ref, { force: n % 2 === 0 });
        // A reset is refused while a run is in progress; then the session goes on.
        else if (verb === "reset") await operator.runtime.resetRuntime(ref).catch(() => {});
        else if (verb === "stop") await operator.runtime.stopRuntimeExecutor(ref);
        else if (verb === "destroy") await operator.runtime.destroy(ref);
      }),
    );
    const told = (await Promise.all(waiting.map(({ next }) => next()))).flatMap(
      (line) => JSON.parse(line) as string[][],
    );

    expect(sent).toEqual(["sent", "sent"]);
    expect(told).toHaveLength(2 * WAITERS);
    const reasons = { stop: "stopped", reset: "reset", destroy: "destroyed", unregister: "unregistered", none: "" };
    for (const [session = "", ending] of told) {
      const verb = given.get(session) as keyof typeof reasons;
      expect(["completed", reasons[verb]]).toContain(ending);
    }
  } finally {
    for (const { kill } of waiting) kill();
    await operator.close();
    await redis.stop();
  }
});
