/** A process of the bench, driven over its channel. It ends with its owner. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { RoleName, RoleOf, RoleOptions } from "../role-table.ts";
import type { Answer, Call } from "./serve.ts";

/** Methods of a role, as its owner calls them. */
export interface RemoteProcess<R> {
  readonly pid: number;
  call<M extends keyof R & string>(method: M, ...params: ParametersOf<R[M]>): Promise<ResultOf<R[M]>>;
  /** Lets it close what it opened, and waits for its end. */
  stop(): Promise<void>;
}

type ParametersOf<F> = F extends (...params: infer P) => unknown ? P : never;
type ResultOf<F> = F extends (...params: never) => Promise<infer T> ? T : never;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const STOP_LIMIT_MS = 10_000;
/** Beside this module once it is built. */
const ROLE_FILE = fileURLToPath(new URL("role.mjs", import.meta.url));

/** Starts a process in a role and waits until it is ready. */
export async function startProcess<N extends RoleName>(
  name: N,
  options: RoleOptions<N>,
  nodeArguments: readonly string[] = [],
): Promise<RemoteProcess<RoleOf<N>>> {
  const child = spawn(process.execPath, [...nodeArguments, ROLE_FILE, name, JSON.stringify(options)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const remote = connect<RoleOf<N>>(child, name);
  await remote.ready;
  return remote;
}

function connect<R>(child: ChildProcess, name: string): RemoteProcess<R> & { readonly ready: Promise<void> } {
  const pending = new Map<number, Pending>();
  let calls = 0;
  const ready = new Promise<void>((resolve, reject) => pending.set(0, { resolve: () => resolve(), reject }));
  child.on("message", (answer: Answer) => {
    const waiting = pending.get(answer.id);
    pending.delete(answer.id);
    if ("error" in answer) waiting?.reject(new Error(`${name}: ${answer.error}`));
    else waiting?.resolve(answer.value);
  });
  child.on("exit", (code, signal) => {
    for (const waiting of pending.values()) waiting.reject(new Error(`${name} ended early (${signal ?? code})`));
    pending.clear();
  });
  const call = (method: string, params: readonly unknown[]): Promise<unknown> => {
    calls += 1;
    const id = calls;
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject });
      child.send({ id, method, params } satisfies Call, (error) => {
        if (error !== null) reject(error);
      });
    });
  };
  return {
    ready,
    pid: child.pid as number,
    call: (method, ...params) => call(method, params) as Promise<never>,
    stop: () => stop(child, () => call("close", [])),
  };
}

async function stop(child: ChildProcess, close: () => Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  const killer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
  await close();
  child.disconnect();
  await ended;
  clearTimeout(killer);
}
