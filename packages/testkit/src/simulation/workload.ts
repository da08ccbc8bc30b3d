/** What clients do, and what they were told: the outside view of one simulated life. */
import {
  type Admission,
  type ControlReport,
  type NewInput,
  type Outcome,
  type RequestId,
  type SessionRef,
} from "@holdfast/contracts";
import type { SessionRuntime } from "@holdfast/runtime";
import { Approvals } from "./approvals.ts";
import { Asides } from "./asides.ts";
import type { Cluster, Process } from "./cluster.ts";
import type { SessionPlan } from "./plan.ts";
import { type InputPlan, SILENT_INTENT } from "./plan-input.ts";
import type { Order } from "./plan-orders.ts";
import { RETRY_MS, type Told, tell } from "./tell.ts";
import type { World } from "./world.ts";

/** One attempt to send something. */
export interface Sending {
  readonly plan: InputPlan;
  readonly ref: SessionRef;
  /** The key came with another payload than the first time. */
  readonly isChanged: boolean;
  /** How long the history was. */
  readonly sentStep: number;
  told: Told<Admission> | null;
  /** Whether a waiter came with the answer, and what it was told. */
  isAwaited: boolean;
  outcome: Told<Outcome> | null;
}

/** One wait for an outcome by key. */
export interface Waiting {
  readonly plan: InputPlan;
  readonly ref: SessionRef;
  readonly askedStep: number;
  outcome: Told<Outcome> | null;
}

/** One control command. */
export interface Commanding {
  readonly ref: SessionRef;
  readonly request: string;
  told: Told<ControlReport> | null;
}

/** Everything clients did. */
export class Workload {
  readonly sendings: Sending[] = [];
  readonly waitings: Waiting[] = [];
  readonly commandings: Commanding[] = [];
  readonly approvals: Approvals;
  readonly asides: Asides;
  /** Orders that may still send something. */
  #underway = 0;
  readonly #world: World;
  readonly #clients: readonly Process[];

  constructor(world: World, cluster: Cluster) {
    this.#world = world;
    this.#clients = cluster.clients;
    this.asides = new Asides(world, cluster.clients);
    this.approvals = new Approvals(world, cluster.clients);
    world.askApproval = (turn) => this.approvals.ask(turn);
  }

  /** Nothing more will be sent. */
  get isSent(): boolean {
    return this.#underway === 0 && this.approvals.isDone && this.asides.isDone;
  }

  /** Puts every order of the plan on the clients' clocks. */
  schedule(): void {
    for (const order of this.#world.plan.orders) {
      const process = this.#clients[order.client] as Process;
      process.node.clock.after(order.at, () => this.#carryOut(process, order));
    }
  }

  /** Takes back what would go on for ever, and lets go on what waits for somebody. */
  finish(): void {
    const client = this.#clients[0] as Process;
    this.asides.finish();
    this.approvals.finish();
    // Only what is registered can be looked into.
    const sessions = new Set(
      this.#world.plan.orders.flatMap((order) => (order.type === "unregister" ? [order.session] : [])),
    );
    for (const session of sessions) void this.#bind(client, session);
  }

  /** Sends what wakes a session that is left with nothing but silent work. */
  async wakeUp(session: number): Promise<void> {
    const process = this.#clients[0] as Process;
    const { runtime } = process.running;
    const ref = this.#refOf(session);
    const view = await runtime.findSession(ref);
    if (view === null || view.phase === "destroyed") return;
    if (view.phase === "retired") {
      await runtime.control(ref, { verb: "recycle", requestId: "epilogue" as RequestId });
    }
    await this.#ensure(runtime, session);
    await runtime.acceptInput(ref, { kind: "prompt", text: "epilogue" });
  }

  #carryOut(process: Process, order: Order): void {
    switch (order.type) {
      case "send":
        void this.#send(process, order.sending, { isChanged: false });
        break;
      case "resend":
        void this.#send(process, order.of, { isChanged: order.isChanged });
        break;
      case "wait":
        void this.#wait(process, order.of);
        break;
      case "control":
      case "interrupt":
        void this.#control(process, order);
        break;
      case "ensure":
        void this.#bind(process, order.session);
        break;
      default:
        this.asides.carryOut(process, order);
    }
  }

  async #send(process: Process, plan: InputPlan, { isChanged }: { readonly isChanged: boolean }): Promise<void> {
    this.#underway += 1;
    await this.#sendUntilTold(process, plan, { isChanged });
    this.#underway -= 1;
  }

  async #sendUntilTold(
    process: Process,
    plan: InputPlan,
    { isChanged }: { readonly isChanged: boolean },
  ): Promise<void> {
    const { clock, name } = process.node;
    for (let attempt = 1; attempt <= plan.tries; attempt += 1) {
      const sending: Sending = {
        plan,
        ref: this.#refOf(plan.session),
        isChanged,
        sentStep: this.#world.history.length,
        told: null,
        isAwaited: false,
        outcome: null,
      };
      this.sendings.push(sending);
      this.#world.history.note(name, "send", () => ({ session: sending.ref.sessionId, number: plan.number, attempt }));
      if (await this.#sendOnce(process, sending)) return;
      await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
    }
  }

  /** Answers whether there is nothing more to try. */
  async #sendOnce(process: Process, sending: Sending): Promise<boolean> {
    const { plan, ref, isChanged } = sending;
    const { runtime } = process.running;
    const input: NewInput = isChanged ? { ...CHANGED, idempotencyKey: plan.input.idempotencyKey } : plan.input;
    const options = { createWith: this.#bindingOf(plan.session), isWithoutWake: plan.isWithoutWake };
    const call = runtime.acceptInputWithCompletion(ref, input, options);
    const told = await this.#tell(process, "told", call);
    sending.told = told.kind === "answered" ? { ...told, value: told.value.admission } : told;
    if (told.kind === "failed") return told.code !== "store.unavailable";
    const { completion } = told.value;
    if (completion === null) return true;
    sending.isAwaited = true;
    void this.#tell(process, "outcome", completion).then((outcome) => {
      sending.outcome = outcome;
    });
    return true;
  }

  async #wait(process: Process, plan: InputPlan): Promise<void> {
    const askedStep = this.#world.history.length;
    const waiting: Waiting = { plan, ref: this.#refOf(plan.session), askedStep, outcome: null };
    this.waitings.push(waiting);
    const key = plan.input.idempotencyKey as string;
    waiting.outcome = await this.#tell(process, "waited", process.running.runtime.waitForOutcome(waiting.ref, { key }));
  }

  async #control(process: Process, order: Extract<Order, { type: "control" | "interrupt" }>): Promise<void> {
    const ref = this.#refOf(order.session);
    this.#underway += 1;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const commanding: Commanding = { ref, request: order.request, told: null };
      this.commandings.push(commanding);
      const what = order.type === "interrupt" ? order.type : order.verb;
      commanding.told = await this.#tell(process, what, commandOf(process.running.runtime, ref, order));
      if (commanding.told.kind === "answered" || commanding.told.code !== "store.unavailable") break;
    }
    this.#underway -= 1;
  }

  async #bind({ running }: Process, session: number): Promise<void> {
    this.#underway += 1;
    // The store may be away, or the session destroyed; whoever asked does not insist.
    await this.#ensure(running.runtime, session).catch(() => {});
    this.#underway -= 1;
  }

  async #ensure(runtime: SessionRuntime, session: number): Promise<void> {
    const settings = { silentIntents: [SILENT_INTENT] };
    await runtime.ensureSessionWithExecutor(this.#refOf(session), this.#bindingOf(session), { settings });
  }

  #tell<T>(process: Process, what: string, call: Promise<T>): Promise<Told<T>> {
    return tell(this.#world, process, { what, call });
  }

  #refOf(session: number): SessionRef {
    return this.#world.sessions[session] as SessionRef;
  }

  #bindingOf(session: number): SessionPlan {
    return this.#world.plan.sessions[session] as SessionPlan;
  }
}

const CHANGED: NewInput = { kind: "prompt", text: "another payload" };

function commandOf(
  runtime: SessionRuntime,
  ref: SessionRef,
  order: Extract<Order, { type: "control" | "interrupt" }>,
): Promise<ControlReport> {
  const requestId = order.request as RequestId;
  if (order.type === "control") return runtime.control(ref, { verb: order.verb, requestId });
  const { mode } = order;
  const at = mode === "boundary" ? { at: mode } : {};
  return runtime.interruptCurrentRun(ref, { requestId, ...at, isRolledBack: mode === "rollback" });
}
