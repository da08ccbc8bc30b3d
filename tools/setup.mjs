/**
 * From a bare checkout to a built workspace. Needs Node and npm, nothing else,
 * and imports only what Node brings.
 *
 *   T1  What is installed is what the lock file says; a tree that already
 *       agrees with it is left alone.
 *   T2  A step that succeeds prints one line; a step that fails prints all.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Tools that only some gates need have a lock file of their own: nobody else waits for them. */
export const gates = join(root, "tools", "gates");

/** Exits with one sentence when Node is too old for the tools. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Holdfast needs Node 20.19 or newer, and this is ${process.versions.node}. See https://nodejs.org.`);
}

/**
 * Installs the exact dependencies of a lock file, unless they are there (T1).
 *
 * @param {string} [folder] that holds the lock file
 */
export async function install(folder = root) {
  const stampFile = join(folder, "node_modules", ".holdfast-lock");
  const stamp = stampOfLock(folder);
  if (readIfThere(stampFile) === stamp) return;
  if (!isTreeOfLock(folder)) {
    const npm = process.env["npm_execpath"];
    const args = ["ci", "--include=dev", "--no-audit", "--no-fund", ...(folder === root ? [] : ["--prefix", folder])];
    const [command, rest] = npm?.endsWith("js") ? [process.execPath, [npm, ...args]] : ["npm", args];
    await step(folder === root ? "installing dependencies" : "installing tools", () => run(command, rest));
  }
  writeFileSync(stampFile, stamp);
}

/**
 * Builds every workspace that changed.
 *
 * @param {readonly string[]} [tasks]
 */
export async function build(tasks = ["build"]) {
  const turbo = join(root, "node_modules", "turbo", "bin", "turbo");
  await step("building", () => run(process.execPath, [turbo, "run", ...tasks]));
}

/**
 * Runs one named step and says how long it took (T2).
 *
 * @param {string} label
 * @param {() => Promise<Outcome>} work
 */
export async function step(label, work) {
  const startedAt = performance.now();
  process.stdout.write(`holdfast: ${label} ... `);
  const { code, output } = await work();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(code === 0 ? `${seconds} s\n` : `failed after ${seconds} s\n`);
  if (code === 0) return;
  process.stderr.write(output);
  fail(`${label} failed with exit code ${code}.`);
}

/**
 * @typedef {{ readonly code: number, readonly output: string }} Outcome
 *
 * Runs a command to its end and keeps what it says.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Outcome>}
 */
export function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", (error) => resolve({ code: 127, output: `${command}: ${error.message}\n` }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * Runs Node in the foreground and answers how it ended.
 *
 * @param {readonly string[]} args arguments of Node
 * @returns {Promise<number>}
 */
export function runHere(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
    child.on("error", (error) => fail(error.message));
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

/**
 * Runs a command in the foreground, hands signals on, and ends as it ends.
 *
 * @param {readonly string[]} args arguments of Node
 */
export function become(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      // A terminal interrupts the whole group, so the child has heard it already.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  endWithNpm(child);
  child.on("error", (error) => fail(error.message));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/**
 * npm tells its shell when it is told to end, and the shell tells nobody: it is
 * gone, and this process has another parent.
 *
 * @param {import("node:child_process").ChildProcess} child
 */
function endWithNpm(child) {
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    child.kill("SIGTERM");
  }, 250);
  watch.unref();
}

/**
 * @param {string} message
 * @returns {never}
 */
export function fail(message) {
  process.stderr.write(`holdfast: ${message}\n`);
  process.exit(1);
}

/** @param {string} folder */
function stampOfLock(folder) {
  const lock = readFileSync(join(folder, "package-lock.json"));
  return `${createHash("sha256").update(lock).digest("hex")} ${process.platform}-${process.arch}\n`;
}

/**
 * Whether npm's own record of the tree names every package of the lock file in the same version, and no other.
 *
 * @param {string} folder
 */
function isTreeOfLock(folder) {
  const record = readIfThere(join(folder, "node_modules", ".package-lock.json"));
  if (record === null) return false;
  const there = externalPackages(record);
  const wanted = externalPackages(readFileSync(join(folder, "package-lock.json"), "utf8"));
  for (const [path, entry] of wanted) {
    const found = there.get(path);
    if (found === undefined ? !entry.optional : found.integrity !== entry.integrity) return false;
    if (found !== undefined && !existsSync(join(folder, path))) return false;
  }
  return [...there.keys()].every((path) => wanted.has(path));
}

/**
 * @param {string} lock
 * @returns {Map<string, { readonly integrity?: string, readonly resolved?: string, readonly optional?: boolean }>}
 */
function externalPackages(lock) {
  const { packages } = JSON.parse(lock);
  return new Map(Object.entries(packages).filter(([path]) => path.includes("node_modules/")));
}

/** @param {string} file */
function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  requireNode();
  await install();
}
