import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveConnection, type Surroundings } from "../../src/connection/resolve-connection.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "holdfast-connection-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function surroundings(overrides: Partial<Surroundings> = {}): Surroundings {
  return { env: {}, cwd, isAlive: () => true, ...overrides };
}

function devFile(content: string): void {
  mkdirSync(join(cwd, ".holdfast"));
  writeFileSync(join(cwd, ".holdfast", "dev.json"), content);
}

const dev = JSON.stringify({ redisUrl: "redis://127.0.0.1:7000", namespace: "dev", apiUrl: "http://x", pid: 4 });

describe("where to connect", () => {
  it("is what the command line says, before everything else", () => {
    devFile(dev);
    const env = { REDIS_URL: "redis://from-env" };

    expect(resolveConnection({ redis: "redis://given", tenant: "t" }, surroundings({ env }))).toEqual({
      redis: "redis://given",
      tenantId: "t",
    });
  });

  it("is what the environment says, before a development instance", () => {
    devFile(dev);

    expect(resolveConnection({}, surroundings({ env: { REDIS_URL: "redis://from-env" } }))).toEqual({
      redis: "redis://from-env",
    });
  });

  it("is the development instance of the directory, with its namespace", () => {
    devFile(dev);

    expect(resolveConnection({ buckets: 8 }, surroundings({ env: { REDIS_URL: "" } }))).toEqual({
      redis: "redis://127.0.0.1:7000",
      namespace: "dev",
      buckets: 8,
    });
    expect(resolveConnection({ namespace: "mine" }, surroundings())).toMatchObject({ namespace: "mine" });
  });

  it.each([
    ["nothing", null, true],
    ["an instance that has ended", dev, false],
    ["a file that is no JSON", "{", true],
    ["a file of another shape", '{"redisUrl": 4}', true],
  ])("is refused with %s", (_, content, isRunning) => {
    if (content !== null) devFile(content);

    expect(() => resolveConnection({}, surroundings({ isAlive: () => isRunning }))).toThrow(
      expect.objectContaining({ code: "config.invalid" }),
    );
  });

  it.each(["localhost:6379", "http://secret@host", ""])("is refused for %j without repeating it", (url) => {
    const refused = () => resolveConnection({ redis: url }, surroundings());

    expect(refused).toThrow(expect.objectContaining({ code: "config.invalid" }));
    expect(refused).not.toThrow(/secret/);
  });
});
