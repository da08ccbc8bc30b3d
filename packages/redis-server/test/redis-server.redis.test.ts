import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterEach, expect, it, vi } from "vitest";
import { type PrivateRedis, type PrivateRedisOptions, startPrivateRedis } from "../src/index.ts";

const jiti = join(dirname(createRequire(import.meta.url).resolve("jiti/package.json")), "lib/jiti-cli.mjs");
const fixture = fileURLToPath(new URL("fixtures/owner.ts", import.meta.url));
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(options?: PrivateRedisOptions): Promise<PrivateRedis> {
  const server = await startPrivateRedis(options);
  closers.push(() => server.stop());
  return server;
}

function clientOf({ url }: Pick<PrivateRedis, "url">): Redis {
  const client = new Redis(url);
  client.on("error", () => {});
  closers.push(() => client.disconnect());
  return client;
}

async function folderOf(server: Pick<PrivateRedis, "url">): Promise<string> {
  const [, folder] = (await clientOf(server).config("GET", "dir")) as [string, string];
  return folder;
}

it("keeps what it acknowledged when it is killed, and is there again at the same address", async () => {
  const server = await open({ persistence: "always" });
  await clientOf(server).set("kept", "yes");

  await server.kill();
  await server.restart();

  expect(await clientOf(server).get("kept")).toBe("yes");
});

it("writes nothing and evicts nothing unless it is told otherwise", async () => {
  const client = clientOf(await open());

  expect(await client.config("GET", "appendonly", "save", "maxmemory-policy")).toEqual(
    expect.arrayContaining(["appendonly", "no", "save", "", "maxmemory-policy", "noeviction"]),
  );
});

it("takes its data along when it is stopped, frozen or not", async () => {
  const server = await open({ persistence: "everysec" });
  const folder = await folderOf(server);
  server.signal("SIGSTOP");

  await server.stop();

  expect(existsSync(folder)).toBe(false);
});

it("goes with the process that started it, even if that is killed", async () => {
  const owner = spawn(process.execPath, ["--conditions=@holdfast/source", jiti, fixture], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [url] = (await once(owner.stdout, "data")) as [Buffer];
  const folder = await folderOf({ url: url.toString() });

  owner.kill("SIGKILL");

  // Nobody is told: the server ends in another process's hands.
  await vi.waitFor(() => expect(existsSync(folder)).toBe(false), { timeout: 10_000 });
});
