import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore } from "@holdfast/store-memory";
import { createVirtualClock, describeBlobs, sessionRef } from "@holdfast/testkit";
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

/** Files know the time of their machine only: what is there is made older. */
async function age(directory: string, ms: number): Promise<void> {
  for (const file of await filesIn(directory)) {
    const at = new Date((await stat(file)).mtimeMs - ms);
    await utimes(file, at, at);
  }
}

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

describe("blobs in a directory", () => {
  describeBlobs(async (options = {}) => {
    const clock = createVirtualClock();
    const store = createMemoryStore({ clock, ...options });
    const directory = await newDirectory();
    const ports = withBlobs(store, createFileBlobs(directory));
    const advanceTime = async (ms: number) => {
      await clock.advance(ms);
      await age(directory, ms);
    };
    return { ports, now: () => clock.now(), advanceTime, close: () => ports.close() };
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

  it("leave nothing of what died before it was whole, once that is old [D54, D56]", async () => {
    const directory = await newDirectory();
    const blobs = createFileBlobs(directory);
    await blobs.put(ref, "name", content);
    const [file = ""] = await filesIn(directory);
    await writeFile(`${file}.draft`, "half");
    await age(directory, 1_000);

    await blobs.retain(ref, new Set(["name"]), 1_000);

    expect(await filesIn(directory)).toEqual([file]);
  });
});
