import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { closedLoop, type LoadPlan, type LoadReport, MESSAGE_TEXT, type Send } from "../load/closed-loop.ts";

/** Where to call, and over how many connections. */
export interface BareScriptsOptions {
  readonly url: string;
  readonly connections: number;
}

/** Calls the scripts of `bench/lua/bare.lua`: what no ledger on this Redis could be faster than. */
export interface BareScripts {
  /** Pairs of admit and advance; as many callers as connections. */
  load(plan: LoadPlan): Promise<LoadReport>;
  /** One script alone, so often, on one session. */
  repeat(script: BareScript, calls: number): Promise<void>;
  close(): Promise<void>;
}

/** A script of `bench/lua/bare.lua`. */
export type BareScript = "admit" | "advance";

// As long as what a session stores beside a message.
const RECORD = "r".repeat(110);
const ENTRY = "e".repeat(60);
const EVENT = "v".repeat(80);
const HEAD = "h".repeat(150);
const RECEIPT = "c".repeat(280);
const RUN = "u".repeat(30);
const HOLD = "o".repeat(180);
const STATE = '{"n":1234}';
const PAYLOAD = JSON.stringify({ kind: "prompt", text: MESSAGE_TEXT, note: "p".repeat(100) });
const REPEAT_SESSION = "repeated";
const DUE = "bench:bare:due";

/** Opens the connections and loads the scripts. */
export async function openBareScripts({ url, connections }: BareScriptsOptions): Promise<BareScripts> {
  const clients = Array.from({ length: connections }, () => new Redis(url));
  const library = readFileSync(new URL("../lua/bare.lua", import.meta.url), "utf8");
  await (clients[0] as Redis).function("LOAD", "REPLACE", library);
  let calls = 0;
  const clientOf = (call: number) => clients[call % connections] as Redis;
  const admit = (client: Redis, session: string, n: number) => {
    const values = [idOf(n), n, RECORD, ENTRY, EVENT, HEAD, PAYLOAD, Date.now(), session];
    return client.fcall("bench_bare_admit", 2, keyOf(session), DUE, ...values);
  };
  const advance = (client: Redis, session: string, n: number) => {
    const values = [idOf(n), n, RECORD, RECEIPT, RUN, HOLD, EVENT, HEAD, STATE, Date.now(), session];
    return client.fcall("bench_bare_advance", 2, keyOf(session), DUE, ...values);
  };
  const pair: Send = async (session, message) => {
    calls += 1;
    const client = clientOf(calls);
    await admit(client, session, message);
    await advance(client, session, message);
    return message;
  };
  return {
    load: (plan) => closedLoop(pair, { ...plan, inFlight: connections }),
    repeat: async (script, times) => {
      const call = script === "admit" ? admit : advance;
      for (let n = 0; n < times; n += connections) {
        await Promise.all(clients.map((client, index) => call(client, REPEAT_SESSION, n + index)));
      }
    },
    close: async () => {
      for (const client of clients) client.disconnect();
    },
  };
}

function idOf(n: number): string {
  return `inp_bare${String(n).padStart(16, "0")}`;
}

function keyOf(session: string): string {
  return `bench:bare:${session}`;
}
