import { AppError, type SessionRef } from "@holdfast/contracts";
import { createMemoryStore } from "@holdfast/store-memory";
import { describe } from "vitest";
import type { Store } from "../src/index.ts";
import { describeCrashPoints } from "./crash-points/crash-points.ts";
import type { OpenCrashPointStore } from "./crash-points/scene.ts";

const openMemoryStore: OpenCrashPointStore = async ({ clock, notices }) => {
  let offset = 0;
  let torn: SessionRef | null = null;
  const now = () => clock.now() + offset;
  const timed = { now, monotonic: () => clock.monotonic(), after: clock.after.bind(clock) };
  const store = createMemoryStore({ clock: timed, notifier: notices });
  return {
    connect: () => quarantining(store.connect(), () => torn !== null),
    advanceTime: async () => {}, // It reads the world's clock.
    close: () => store.close(),
    now,
    jumpClock: async (ms) => {
      offset += ms;
    },
    snapshot: async () => {
      const copy = store.snapshot();
      return async () => store.restore(copy);
    },
    image: async (ref) => store.inspect(ref),
    tear: async (ref) => {
      torn = ref;
    },
  };
};

/**
 * A step of this store is one synchronous function: nothing can tear it, and no
 * marker is kept. So what a torn session answers is stood in for at the ports,
 * and crash point 26 proves here what the runtime makes of it.
 */
function quarantining(store: Store, isTorn: () => boolean): Store {
  const refuse = (): never => {
    throw new AppError("session.torn");
  };
  const { ledger, control, directory, archive } = store;
  return {
    ...store,
    ledger: {
      ...ledger,
      admit: async (command) => (isTorn() ? { kind: "torn" } : ledger.admit(command)),
      claim: async (command) => (isTorn() ? { kind: "torn" } : ledger.claim(command)),
      advance: async (command) => (isTorn() ? { kind: "torn" } : ledger.advance(command)),
      inspectDue: async (ref) => (isTorn() ? { kind: "nothing" } : ledger.inspectDue(ref)),
    },
    control: {
      apply: async (command) => (isTorn() ? refuse() : control.apply(command)),
      interrupt: async (command) => (isTorn() ? refuse() : control.interrupt(command)),
      publish: async (command) => (isTorn() ? refuse() : control.publish(command)),
      resume: async (command) => (isTorn() ? refuse() : control.resume(command)),
    },
    directory: {
      ...directory,
      register: async (command) => (isTorn() ? refuse() : directory.register(command)),
    },
    archive: {
      ...archive,
      explainFacts: async (ref) => {
        const facts = await archive.explainFacts(ref);
        return facts === null ? null : { ...facts, isTorn: isTorn() };
      },
    },
  };
}

describe("memory store", () => {
  describeCrashPoints(openMemoryStore);
});
