/** Schedules, background operations and removals of simulated sessions, and what those were told who asked for them. */
import type {
  OperationId,
  OperationOutcome,
  OperationSnapshot,
  RequestId,
  ScheduleView,
  SessionRef,
  UnregisterReport,
} from "@holdfast/contracts";
import type { OperationRegistry } from "@holdfast/runtime";
import type { Process } from "./cluster.ts";
import type { AsideOrder } from "./plan-asides.ts";
import { RETRY_MS, type Told, tell } from "./tell.ts";
import type { World } from "./world.ts";

/** A schedule from when it was put to when it was deleted. */
export interface Scheduling {
  readonly ref: SessionRef;
  readonly name: string;
  put: Told<ScheduleView> | null;
  deleted: Told<boolean> | null;
}

/** A background operation and how it ended, for whoever ended it and for another who waited. */
export interface Operating {
  readonly ref: SessionRef;
  readonly operationId: OperationId;
  ended: Told<OperationSnapshot> | null;
  isWatched: boolean;
  outcome: Told<OperationOutcome> | null;
}

/** One request to remove a session. */
export interface Removal {
  readonly ref: SessionRef;
  readonly request: string;
  told: Told<UnregisterReport> | null;
}

/** How often a client repeats what nobody answered, while things go wrong. */
const TRIES = 3;
/** At which a schedule fires. */
export const EVERY_MS = 1_000;

type Of<T extends AsideOrder["type"]> = Extract<AsideOrder, { type: T }>;

/** Everything clients did beside sending. */
export class Asides {
  readonly schedulings: Scheduling[] = [];
  readonly operatings: Operating[] = [];
  readonly removals: Removal[] = [];
  readonly #world: World;
  readonly #clients: readonly Process[];
  #underway = 0;

  constructor(world: World, clients: readonly Process[]) {
    this.#world = world;
    this.#clients = clients;
  }

  /** Nothing more is done of what was ordered. */
  get isDone(): boolean {
    return this.#underway === 0;
  }

  /** Whoever waits for an operation was told; a store that was set back may have forgotten the waiter. */
  get isTold(): boolean {
    if (this.#world.rollbacks.length > 0) return true;
    return this.operatings.every(({ ended, isWatched, outcome }) => {
      return !isWatched || ended?.kind !== "answered" || outcome !== null;
    });
  }

  carryOut(process: Process, order: Exclude<AsideOrder, { type: "ensure" }>): void {
    const ref = this.#world.sessions[order.session] as SessionRef;
    void this.#counted(this.#begin(process, ref, order));
  }

  /** Nothing fires any more. */
  finish(): void {
    const [client] = this.#clients as [Process];
    for (const scheduling of this.schedulings) void this.#counted(this.#unschedule(client, scheduling));
  }

  async #counted(work: Promise<void>): Promise<void> {
    this.#underway += 1;
    await work;
    this.#underway -= 1;
  }

  #begin(process: Process, ref: SessionRef, order: Exclude<AsideOrder, { type: "ensure" }>): Promise<void> {
    switch (order.type) {
      case "schedule":
        return this.#schedule(process, ref, order);
      case "unschedule": {
        const scheduling = this.schedulings.find(({ name }) => name === order.name);
        return scheduling === undefined ? Promise.resolve() : this.#unschedule(process, scheduling);
      }
      case "operate":
        return this.#operate(process, ref, order);
      case "unregister":
        return this.#unregister(process, ref, order);
    }
  }

  async #schedule(process: Process, ref: SessionRef, { name, catchUp }: Of<"schedule">): Promise<void> {
    const scheduling: Scheduling = { ref, name, put: null, deleted: null };
    this.schedulings.push(scheduling);
    const schedule = {
      scheduleId: name,
      timing: { type: "every", everyMs: EVERY_MS },
      input: { kind: "prompt", text: name },
      catchUp,
    } as const;
    scheduling.put = await this.#ask(process, "schedule", () => process.running.runtime.putSchedule(ref, schedule));
  }

  async #unschedule(process: Process, scheduling: Scheduling): Promise<void> {
    const { ref, name } = scheduling;
    const told = await this.#ask(process, "unschedule", () => process.running.runtime.deleteSchedule(ref, name));
    // One that came before the schedule was put deleted nothing.
    if (told.kind === "answered" && told.value) scheduling.deleted ??= told;
  }

  async #unregister(process: Process, ref: SessionRef, { request, isForced: force }: Of<"unregister">): Promise<void> {
    const removal: Removal = { ref, request, told: null };
    this.removals.push(removal);
    const options = { requestId: request as RequestId, force };
    removal.told = await this.#ask(process, "unregister", () => {
      return process.running.runtime.unregisterSession(ref, options);
    });
  }

  async #operate(process: Process, ref: SessionRef, { name, end, afterMs }: Of<"operate">): Promise<void> {
    const { runtime } = process.running;
    const operationId = name as OperationId;
    const opened = await this.#ask(process, "operations", () => runtime.prepareBindings(ref));
    if (opened.kind === "failed") return;
    const { ops } = opened.value;
    const named = (step: string) => ({ requestId: `${name}-${step}` as RequestId });
    const spec = { operationId, kind: "background_tool_op", displayName: name } as const;
    const begun = await this.#ask(process, "begin operation", () => ops.register(spec, named("register")));
    if (begun.kind === "failed") return;
    const operating: Operating = { ref, operationId, ended: null, isWatched: false, outcome: null };
    this.operatings.push(operating);
    void this.#watch(operating);
    if (end !== "abort")
      await this.#ask(process, "run operation", () => ops.provisioningSucceeded(operationId, named("run")));
    await this.#after(process, afterMs);
    operating.ended = await this.#insist(process, "end operation", () => ENDINGS[end](ops, operationId, named("end")));
  }

  /** Another process waits for how it ends. */
  async #watch(operating: Operating): Promise<void> {
    const client = this.#clients.at(-1) as Process;
    const { ref, operationId } = operating;
    const watch = await this.#ask(client, "watch operation", async () => {
      const registry = await client.running.runtime.opsLifecycleRegistry(ref);
      return (await registry?.registerWatcher(operationId)) ?? null;
    });
    if (watch.kind === "failed" || watch.value === null) return;
    operating.isWatched = true;
    operating.outcome = await tell(this.#world, client, { what: "operation ended", call: watch.value.outcome });
  }

  /** Asks again while nobody answers, until things must be well again. */
  async #insist<T>(process: Process, what: string, call: () => Promise<T>, tries = Number.POSITIVE_INFINITY) {
    for (let attempt = 1; ; attempt += 1) {
      const told = await tell(this.#world, process, { what, call: call() });
      if (told.kind === "answered" || told.code !== "store.unavailable" || attempt >= tries) return told;
      await this.#after(process, RETRY_MS);
    }
  }

  #ask<T>(process: Process, what: string, call: () => Promise<T>): Promise<Told<T>> {
    return this.#insist(process, what, call, TRIES);
  }

  #after({ node }: Process, ms: number): Promise<void> {
    return new Promise((resolve) => void node.clock.after(ms, resolve));
  }
}

type End = (
  ops: OperationRegistry,
  operationId: OperationId,
  named: { readonly requestId: RequestId },
) => Promise<OperationSnapshot>;

const ENDINGS: Readonly<Record<Of<"operate">["end"], End>> = {
  complete: (ops, operationId, named) => ops.completeOperation(operationId, { by: operationId }, named),
  fail: (ops, operationId, named) => ops.failOperation(operationId, "it failed", named),
  cancel: (ops, operationId, named) => ops.cancelOperation(operationId, "not needed", named),
  abort: (ops, operationId, named) => ops.abortProvisioning(operationId, "not needed", named),
};
