/**
 * The way between one process and the store. Request and reply are lost, late
 * or repeated separately; a caller that gets no answer in time hears that the
 * store is unavailable, and does not know what became of its call.
 */
import { AppError, isAppError } from "@holdfast/contracts";
import type { Store } from "@holdfast/runtime";
import { messageOf } from "./message-of.ts";
import type { SimulatedNode } from "./node.ts";
import { noteCall } from "./note-call.ts";
import type { ObservedCall } from "./witness.ts";
import type { World } from "./world.ts";

/** The store as one process reaches it. */
export function connectStore(world: World, node: SimulatedNode): Store {
  const store = world.storePorts;
  const wire = new Wire(world, node);
  return {
    ledger: wire.stretch(store.ledger),
    directory: wire.stretch(store.directory),
    control: wire.stretch(store.control),
    archive: wire.stretch(store.archive),
    journal: wire.stretch(store.journal),
    liveRuns: wire.stretch(store.liveRuns),
    streams: wire.stretch(store.streams),
    presence: wire.stretch(store.presence),
    operations: wire.stretch(store.operations),
    operationArchive: wire.stretch(store.operationArchive),
    drains: wire.stretch(store.drains),
    deliveries: wire.stretch(store.deliveries),
    witnesses: wire.stretch(store.witnesses),
    projections: wire.stretch(store.projections),
    unregistration: wire.stretch(store.unregistration),
    deadLetters: wire.stretch(store.deadLetters),
    blobs: wire.stretch(store.blobs),
    collection: wire.stretch(store.collection),
    directRuns: wire.stretch(store.directRuns),
    schedules: wire.stretch(store.schedules),
    notifier: world.notifications.connect(node),
    ping: () => wire.send({ method: "ping", argument: null }, () => store.ping()),
    close: async () => {},
  };
}

/** When the parts of a call arrive, in milliseconds after it was made; `null` for never. */
interface Route {
  readonly requestMs: number | null;
  readonly secondMs: number | null;
  readonly replyMs: number | null;
}

type Call = (argument: unknown, more: unknown) => Promise<unknown>;

// One for all: what it costs to make an error is spent on its stack, and most errors here are this one.
const NO_ANSWER = new AppError("store.unavailable", { message: "no answer in time" });

interface Answer<T> {
  resolve(reply: T): void;
  reject(error: unknown): void;
}

class Wire {
  readonly #world: World;
  readonly #node: SimulatedNode;

  constructor(world: World, node: SimulatedNode) {
    this.#world = world;
    this.#node = node;
  }

  /** A port whose every call travels. */
  stretch<P extends object>(port: P): P {
    const stretched: Record<string, Call> = {};
    for (const method of Object.keys(port)) {
      const apply = port[method as keyof P] as Call;
      stretched[method] = (argument, more) => this.send({ method, argument }, () => apply(argument, more));
    }
    return stretched as P;
  }

  send<T>(call: ObservedCall, apply: () => Promise<T>): Promise<T> {
    // A process that died makes no calls; whatever made this one goes no further.
    if (!this.#node.isAlive) return new Promise<T>(() => {});
    const { timeoutMs } = this.#world.weather;
    const { requestMs, secondMs, replyMs } = this.#route();
    this.#world.underway += Number(requestMs !== null) + Number(secondMs !== null);
    return new Promise<T>((resolve, reject) => {
      const isAnswered = requestMs !== null && replyMs !== null && requestMs + replyMs < timeoutMs;
      if (!isAnswered) this.#expire(call, timeoutMs, reject);
      if (requestMs !== null) {
        const answer = isAnswered ? { resolve, reject } : null;
        this.#at(requestMs, () => this.#arrive(call, apply, { answer, replyMs: replyMs ?? 0 }));
      }
      if (secondMs !== null) this.#at(secondMs, () => this.#arrive(call, apply, { answer: null, replyMs: 0 }));
    });
  }

  #route(): Route {
    const { weather, wireChance } = this.#world;
    const latency = () => (wireChance.isHit(weather.delay) ? wireChance.between(0, weather.delayMs) : 0);
    const isLost = this.#node.isCut || wireChance.isHit(weather.requestLoss);
    return {
      requestMs: isLost ? null : latency(),
      secondMs: !isLost && wireChance.isHit(weather.duplication) ? latency() + wireChance.between(0, 1) : null,
      replyMs: wireChance.isHit(weather.replyLoss) ? null : latency(),
    };
  }

  #at(ms: number, fn: () => void): void {
    if (ms === 0) fn();
    else this.#world.clock.after(ms, fn);
  }

  #expire(call: ObservedCall, timeoutMs: number, reject: (error: unknown) => void): void {
    this.#world.clock.after(timeoutMs, () => {
      this.#node.deliver(() => {
        this.#world.history.note(this.#node.name, "no answer", () => ({ to: call.method }));
        reject(NO_ANSWER);
      });
    });
  }

  /** The store carries the call out, whoever is left to hear of it. */
  #arrive<T>(
    call: ObservedCall,
    apply: () => Promise<T>,
    { answer, replyMs }: { readonly answer: Answer<T> | null; readonly replyMs: number },
  ): void {
    this.#world.underway -= 1;
    const { witness, history } = this.#world;
    const applied = apply();
    witness.look(call);
    applied.then(
      (reply) => {
        witness.hear(call, reply);
        noteCall(history, this.#node.name, { call, reply });
        if (answer !== null) this.#at(replyMs, () => this.#node.deliver(() => answer.resolve(reply)));
      },
      (error: unknown) => {
        if (!isAppError(error)) witness.report("G10", `the store raised in ${call.method}: ${messageOf(error)}`);
        if (answer !== null) this.#at(replyMs, () => this.#node.deliver(() => answer.reject(error)));
      },
    );
  }
}
