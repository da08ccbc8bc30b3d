/**
 * Blobs in a directory of the file system, which all processes of a store must
 * see under the path they are given.
 *
 * A session has a directory of its own below that of its tenant. Names of
 * directories and files are digests in lower-case hex: ids may be longer than a
 * file name, and some file systems do not tell upper case from lower.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError, type SessionRef } from "@holdfast/contracts";
import type { Blobs } from "../ports/blobs.ts";

/** Keeps blobs below a directory, which is created with the first. See {@link Blobs}. */
export function createFileBlobs(directory: string): Blobs {
  const directoryOf = ({ tenantId, sessionId }: SessionRef) => join(directory, digest(tenantId), digest(sessionId));
  const fileOf = (ref: SessionRef, name: string) => join(directoryOf(ref), digest(name));
  return {
    put: (ref, name, content) => orUnavailable(() => keep(fileOf(ref, name), content)),
    find: (ref, name) => orUnavailable(() => orNull(readFile(fileOf(ref, name)))),
    clear: (ref) => orUnavailable(() => rm(directoryOf(ref), { recursive: true, force: true })),
  };
}

/** Under its name there is the whole content or nothing, whatever dies in between: it is written beside and moved. */
async function keep(file: string, content: Uint8Array): Promise<void> {
  if ((await orNull(stat(file))) !== null) return;
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
