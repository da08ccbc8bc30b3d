import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore } from "@holdfast/store-memory";
import { createVirtualClock, describeBlobs, driveSession, sessionRef } from "@holdfast/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { createFileBlobs, withBlobs } from "../../src/index.ts";

const directories: string[] = [];
const ref = sessionRef("chat/42");
const content = Uint8Array.from([0, 255, 128, 10]);

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-blobs-"));
  directories.push(directory);
  return directory;
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

describe("blobs in a directory", () => {
  describeBlobs(async (options = {}) => {
    const clock = createVirtualClock();
    const store = createMemoryStore({ clock, ...options });
    const ports = withBlobs(store, createFileBlobs(await newDirectory()));
    return { ports, now: () => clock.now(), advanceTime: (ms) => clock.advance(ms), close: () => ports.close() };
  });

  it("are there for whoever opens the directory again, and are no drafts of what never got there [D54]", async () => {
    const directory = await newDirectory();
    await Promise.all(Array.from({ length: 5 }, () => createFileBlobs(directory).put(ref, "name", content)));

    const files = await filesIn(directory);

    expect(files).toHaveLength(1);
    expect([...(await readFile(files[0] as string))]).toEqual([...content]);
    expect([...((await createFileBlobs(directory).find(ref, "name")) ?? [])]).toEqual([...content]);
  });

  it("keep to their directory whatever sessions and blobs are called, in ids longer than a file name [D55]", async () => {
    const directory = await newDirectory();
    const blobs = createFileBlobs(join(directory, "below"));
    const names = ["../../escaped", "a/b", ".", "", "x".repeat(256), "A", "a"];
    const refs = names.filter((name) => name !== "").map((name) => sessionRef(name, name));

    for (const [index, session] of refs.entries()) {
      for (const name of names) await blobs.put(session, name, Uint8Array.from([index, names.indexOf(name)]));
    }

    for (const [index, session] of refs.entries()) {
      for (const [at, name] of names.entries())
        expect([...((await blobs.find(session, name)) ?? [])]).toEqual([index, at]);
    }
    expect(await readdir(directory)).toEqual(["below"]);
  });

  it("say so when their directory cannot be used", async () => {
    const directory = join(await newDirectory(), "taken");
    await writeFile(directory, "a file");

    const unusable = { code: "store.unavailable" };
    await expect(createFileBlobs(directory).put(ref, "name", content)).rejects.toMatchObject(unusable);
    await expect(createFileBlobs(directory).find(ref, "name")).rejects.toMatchObject(unusable);
  });

  it("that could not be removed with their session are removed with its next chore [D55]", async () => {
    const store = createMemoryStore({ clock: createVirtualClock() });
    const blobs = createFileBlobs(await newDirectory());
    let isAway = true;
    const clear: typeof blobs.clear = async (session) => {
      if (isAway) throw new Error("the process dies here");
      return blobs.clear(session);
    };
    const session = driveSession(withBlobs(store, { ...blobs, clear }), ref);
    await session.register();
    await session.store.blobs.put(ref, "name", content);
    await session.apply("destroy");
    await expect(session.settleChores()).rejects.toThrow("dies here");

    isAway = false;
    await session.settleChores();

    expect(await blobs.find(ref, "name")).toBeNull();
  });
});
