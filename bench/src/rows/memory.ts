/** What a session and its history weigh in Redis. */
import { type Bench, closeAll, openOurs } from "../bench.ts";
import type { CountResult } from "../report/result.ts";

const TEXT_BYTES = [200, 1_000];

/** Bytes of a session at rest, and of an input that ended. */
export async function memoryCounts(bench: Bench): Promise<CountResult[]> {
  const results = [await sessionAtRest(bench)];
  for (const textBytes of TEXT_BYTES) results.push(await terminalInput(bench, textBytes));
  return results;
}

async function sessionAtRest(bench: Bench): Promise<CountResult> {
  const { client } = bench.redis;
  const sessions = bench.options.counted;
  const { sender, worker } = await openOurs(bench, { executor: "count" });
  const emptyBytes = await bytesOf(bench, "*:index");
  await sender.call("register", { prefix: "rest", sessions });
  const indexBytes = (await bytesOf(bench, "*:index")) - emptyBytes;
  const ownBytes = (await bytesOf(bench, "*:s:*")) + (await bytesOf(bench, "*:l:*"));
  await closeAll(bench, [{ sender, worker }]);
  await client.flushall();
  return {
    id: "session-bytes",
    title: "Redis bytes per session at rest, its share of the index included",
    ours: (ownBytes + indexBytes) / sessions,
    bullmq: null,
    digits: 0,
    target: { atMost: 1_024 },
  };
}

async function terminalInput(bench: Bench, textBytes: number): Promise<CountResult> {
  const { client } = bench.redis;
  const inputs = bench.options.counted;
  const { sender, worker } = await openOurs(bench, { executor: "count", textBytes });
  const plan = { prefix: "retained", sessions: 1, warmupMs: 0, measureMs: 60_000 };
  await sender.call("register", plan);
  const emptyBytes = await bytesOf(bench, "*:s:*");
  await sender.call("load", { ...plan, inFlight: 16, maxMessages: inputs });
  const bytes = (await bytesOf(bench, "*:s:*")) - emptyBytes;
  const [session] = await client.keys("*:s:*");
  const payloads = await Promise.all(
    Array.from({ length: inputs }, (_, index) => client.hget(session as string, `p${index + 1}`)),
  );
  // Stored as id, space, payload.
  const payloadBytes = payloads.reduce((sum, row) => sum + (row ?? "").length - (row ?? "").indexOf(" ") - 1, 0);
  await closeAll(bench, [{ sender, worker }]);
  return {
    id: `input-bytes-${textBytes}`,
    title: `Redis bytes per retained terminal input beyond its payload, text of ${textBytes}`,
    ours: (bytes - payloadBytes) / inputs,
    bullmq: null,
    digits: 0,
    target: { atMost: 300 },
  };
}

async function bytesOf({ redis: { client } }: Bench, pattern: string): Promise<number> {
  const keys = await client.keys(pattern);
  const sizes = await Promise.all(keys.map((key) => client.memory("USAGE", key, "SAMPLES", 0)));
  return sizes.reduce<number>((sum, size) => sum + Number(size ?? 0), 0);
}
