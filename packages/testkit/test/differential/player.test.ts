import type { SessionRef } from "@holdfast/contracts";
import type { Store } from "@holdfast/runtime";
import { createMemoryStore } from "@holdfast/store-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  anyCommands,
  createVirtualClock,
  type DifferentialCommand,
  type DifferentialRig,
  findDifference,
  playCommands,
} from "../../src/index.ts";

/** Two models, one of them changed a little. */
function rigWith(change: (store: Store) => Store, inspect?: (image: unknown) => unknown): DifferentialRig {
  const clock = createVirtualClock();
  const [left, right] = [createMemoryStore({ clock }), createMemoryStore({ clock })];
  return {
    left: { store: left, inspect: async (ref: SessionRef) => left.inspect(ref) },
    right: { store: change(right), inspect: async (ref: SessionRef) => (inspect ?? same)(right.inspect(ref)) },
    now: () => clock.now(),
    advanceTime: async (ms) => clock.jump(ms),
  };
}

function same<T>(value: T): T {
  return value;
}

const READ: DifferentialCommand = { type: "read", session: 0, after: 0, limit: 5 };

const ADMIT: DifferentialCommand = {
  type: "admit",
  session: 0,
  kind: "prompt",
  key: 1,
  variant: 0,
  hasOwnId: false,
  delayMs: 0,
  queue: null,
  overlap: null,
  expiresInMs: 0,
  isWithoutWake: false,
  isAwaited: false,
  isStale: false,
};

describe("differential player", () => {
  it("finds nothing between a store and its like", async () => {
    await fc.assert(
      fc.asyncProperty(anyCommands(), async (commands) => {
        await playCommands(rigWith(same), commands);
      }),
      { numRuns: 50 },
    );
  });

  it("finds a call that is answered otherwise when its answer was lost and it is sent again", async () => {
    const forgetful = (store: Store): Store => ({
      ...store,
      ledger: {
        ...store.ledger,
        admit: async (command) => {
          const reply = await store.ledger.admit(command);
          return reply.kind === "deduplicated" ? { ...reply, admission: reply.admission + 1 } : reply;
        },
      },
    });

    await playCommands(rigWith(forgetful), [ADMIT]);
    await expect(playCommands(rigWith(forgetful), [{ type: "lose_reply" }, ADMIT])).rejects.toThrow("/admission");
  });

  it("finds an answer that differs", async () => {
    const liar = (store: Store): Store => ({
      ...store,
      archive: { ...store.archive, findState: async () => ({ state: null, position: 1 }) },
    });

    await expect(playCommands(rigWith(liar), [READ])).rejects.toThrow("/answer/state/position: 0 against 1");
  });

  it("finds a session that differs although every answer is the same", async () => {
    const rig = rigWith(same, (image) => (image === null ? null : { ...(image as object), dueAt: 7 }));

    await expect(playCommands(rig, [])).rejects.toThrow("/dueAt: null against 7");
  });

  it("finds a call that only one store refuses, and passes on what is no answer at all", async () => {
    const refusing = (store: Store): Store => ({
      ...store,
      archive: { ...store.archive, listEvents: () => Promise.reject(new Error("broken")) },
    });

    await expect(playCommands(rigWith(refusing), [READ])).rejects.toThrow("broken");
  });
});

describe("difference of two values", () => {
  it("names the first place at which they differ", () => {
    expect(findDifference({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] })).toBe("/a/1/b: 2 against 3");
    expect(findDifference([1], [1, 2])).toBe("/1: nothing against 2");
    expect(findDifference([1, 2], [1])).toBe("/1: 2 against nothing");
    expect(findDifference({}, [])).toBe("/: {} against []");
    expect(findDifference(null, {})).toBe("/: null against {}");
  });

  it("takes a member that is undefined for none", () => {
    expect(findDifference({ a: undefined }, {})).toBeNull();
    expect(findDifference({}, { a: undefined })).toBeNull();
    expect(findDifference({ a: null }, {})).toBe("/a: null against nothing");
  });
});
