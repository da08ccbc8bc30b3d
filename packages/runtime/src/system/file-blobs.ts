/**
 * Blobs in a directory of the file system, which all processes of a store must
 * see under the path they are given.
 *
 * A session has a directory of its own below that of its tenant. Names of
 * directories and files are digests in lower-case hex: ids may be longer than a
 * file name, and some file systems do not tell upper case from lower.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError, type SessionRef } from "@holdfast/contracts";
import type { BlobCount, Blobs } from "../ports/blobs.ts";

/** Keeps blobs below a directory, which is created with the first. See {@link Blobs}. */
export function createFileBlobs(directory: string): Blobs {
  const directoryOf = ({ tenantId, sessionId }: SessionRef) => join(directory, digest(tenantId), digest(sessionId));
  const fileOf = (ref: SessionRef, name: string) => join(directoryOf(ref), digest(name));
  return {
    put: (ref, name, content) => orUnavailable(() => keep(fileOf(ref, name), content)),
    find: (ref, name) => orUnavailable(() => orNull(readFile(fileOf(ref, name)))),
    count: (ref, ageMs) => orUnavailable(() => count(directoryOf(ref), ageMs)),
    retain: (ref, names, ageMs) => {
      const files = new Set([...names].map(digest));
      return orUnavailable(() => retain(directoryOf(ref), { files, ageMs }));
    },
    clear: (ref) => orUnavailable(() => rm(directoryOf(ref), { recursive: true, force: true })),
  };
}

/** Under its name there is the whole content or nothing, whatever dies in between: it is written beside and moved. */
async function keep(file: string, content: Uint8Array): Promise<void> {
  if (await touch(file)) return;
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  try {
    await synced(draft, "wx", (handle) => handle.writeFile(content));
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await synced(dirname(file), "r");
}

/** Makes a blob that is there as young as a new one (D56); `false` when it is not there. */
async function touch(file: string): Promise<boolean> {
  const now = new Date();
  return (await orNull(utimes(file, now, now).then(() => true))) ?? false;
}

/** Age of a blob by the clock of this machine; `null` when it is gone. */
async function ageOf(file: string): Promise<number | null> {
  const found = await orNull(stat(file));
  return found === null ? null : Date.now() - found.mtimeMs;
}

async function count(directory: string, ageMs: number): Promise<BlobCount> {
  let [old, young] = [0, 0];
  for (const name of (await orNull(readdir(directory))) ?? []) {
    const age = await ageOf(join(directory, name));
    if (age !== null && age >= ageMs) old += 1;
    else if (age !== null) young += 1;
  }
  return { old, young };
}

/** What else there is that is old: blobs nobody names, and drafts of whoever died. */
async function retain(directory: string, kept: { readonly files: ReadonlySet<string>; readonly ageMs: number }) {
  for (const name of (await orNull(readdir(directory))) ?? []) {
    if (!kept.files.has(name)) await removeOld(join(directory, name), kept.ageMs);
  }
}

/**
 * Out of the way first, and only then looked at for good: whoever puts the blob from here on writes it anew, and
 * whoever had just put it gets it back.
 */
async function removeOld(file: string, ageMs: number): Promise<void> {
  const age = await ageOf(file);
  if (age === null || age < ageMs) return;
  const aside = `${file}.${randomUUID()}`;
  if ((await orNull(rename(file, aside).then(() => true))) === null) return;
  const ageAside = await ageOf(aside);
  if (ageAside !== null && ageAside < ageMs) await rename(aside, file);
  else await rm(aside, { force: true });
}

type Handle = Awaited<ReturnType<typeof open>>;

async function synced(path: string, flags: string, write?: (handle: Handle) => Promise<void>): Promise<void> {
  const handle = await open(path, flags);
  try {
    await write?.(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

async function orUnavailable<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new AppError("store.unavailable", { message: "the directory of blobs cannot be used", cause });
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
