import {
  DEFAULT_INPUT_LIMITS,
  DEFAULT_LOOP_LIMITS,
  DEFAULT_RETENTION,
  DEFAULT_RETRY_BUDGET,
  DEFAULT_TIMING,
} from "@holdfast/contracts";
import { createMemoryStore } from "@holdfast/store-memory";
import {
  admitCommand,
  binding,
  createIds,
  createSeededRandom,
  createVirtualClock,
  nodeId,
  sessionRef,
} from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { Completions } from "../../src/completion/completions.ts";
import { sha256, type WakeQueue } from "../../src/index.ts";

const ref = sessionRef("chat/42");
const node = nodeId("client");
const silent: WakeQueue = {
  wake: async () => {},
  consume: async () => {},
  stopConsuming: async () => {},
  close: async () => {},
};

/** Completions of a process that hears no notification, over a store that knows the session. */
async function openDeaf() {
  const clock = createVirtualClock();
  const memory = createMemoryStore({ clock });
  const store = memory.connect();
  await store.directory.register({ ref, binding: binding(), settings: null, mayRevive: true });
  const completions = new Completions({
    node,
    store: { ...store, notifier: { ...store.notifier, isHealthy: () => false } },
    wakeQueue: silent,
    clock,
    random: createSeededRandom(1),
    sha256,
    timing: DEFAULT_TIMING,
    budget: DEFAULT_RETRY_BUDGET,
    loop: DEFAULT_LOOP_LIMITS,
    inputLimits: DEFAULT_INPUT_LIMITS,
    retention: DEFAULT_RETENTION,
    report: () => {},
  });
  return { clock, store, completions, command: admitCommand(ref, createIds(), { replyTo: node }) };
}

/** What a promise has come to by now. */
async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, Promise.resolve("pending")]);
}

describe("an outcome that is expected before its input is admitted", () => {
  it("is not taken for lost while the admission is on its way (G9, W3)", async () => {
    const { clock, store, completions, command } = await openDeaf();
    const expectation = completions.expect(ref, command.input.id);

    await clock.advance(60_000);
    completions.recheckAll();
    await clock.advance(0);

    expect(await stateOf(expectation.outcome)).toBe("pending");

    await store.ledger.admit(command);
    expectation.admitted();
    await clock.advance(60_000);

    expect(await stateOf(expectation.outcome)).toBe("pending");
  });

  it("is looked for at once when notifications were missed meanwhile (G9, W3)", async () => {
    const { clock, store, completions, command } = await openDeaf();
    const expectation = completions.expect(ref, command.input.id);
    await store.ledger.admit(command);
    await store.control.apply({ ref, verb: "reset", requestId: createIds().request() });
    completions.recheckAll();

    expectation.admitted();
    await clock.advance(0);

    expect(await stateOf(expectation.outcome)).toMatchObject({ kind: "abandoned", reason: "reset" });
  });
});

describe("an outcome that is asked for once its session was removed", () => {
  it("is told as the ledger still has it (G9, W2)", async () => {
    const { clock, store, completions, command } = await openDeaf();
    const requestId = createIds().request();
    await store.ledger.admit(command);
    await store.unregistration.begin({ ref, requestId });
    await store.unregistration.close({ ref, obligation: "waiters", by: "note" });
    await store.ledger.settleChores(ref);
    await store.unregistration.close({ ref, obligation: "waiters", by: "note" });
    await store.unregistration.commit(ref);

    const expectation = completions.watch(ref, { inputId: command.input.id });
    await clock.advance(0);

    expect(await store.directory.find(ref)).toBeNull();
    expect(await stateOf(expectation.outcome)).toMatchObject({ kind: "abandoned", reason: "unregistered" });
  });
});
