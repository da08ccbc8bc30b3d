/** The model by itself: what must hold of a session holds after every call of any life. */
import {
  anyCommands,
  createVirtualClock,
  drainSession,
  driveSession,
  playCommands,
  sessionRef,
} from "@holdfast/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryStore, findImageFault, type SessionImage } from "../src/index.ts";

const RUNS = Number(process.env["HOLDFAST_MODEL_RUNS"] ?? 200);
const BUDGET = { maxLosses: 3 };

describe("random lives of the model", () => {
  it(`keep every session sound and strand no input, over ${RUNS} of them [M1, M2, M3, M4, M5]`, {
    timeout: 30_000 + RUNS * 100,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(anyCommands(), async (commands) => {
        const clock = createVirtualClock();
        const [left, right] = [
          createMemoryStore({ clock, budget: BUDGET }),
          createMemoryStore({ clock, budget: BUDGET }),
        ];
        const faultOf = (image: SessionImage | null) => (image === null ? null : findImageFault(image));
        const refs = await playCommands(
          {
            left: { store: left, inspect: async (ref) => faultOf(left.inspect(ref)) },
            // What the second store is worth here is that it has no faults either.
            right: { store: right, inspect: async () => null },
            now: () => clock.now(),
            advanceTime: async (ms) => clock.jump(ms),
          },
          commands,
        );

        const time = { now: () => clock.now(), advanceTime: async (ms: number) => clock.jump(ms) };
        for (const ref of refs) {
          await drainSession({ store: left, ...time }, ref);
          expect(leftOver(left.inspect(ref))).toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("are told from unsound ones [M1, M2, M3, M4, M5]", async () => {
    const { image } = await sampleSession();
    const unsound: readonly [Partial<SessionImage>, string][] = [
      [{ later: [{ id: image.inputs[0]?.inputId as never, at: 1 }] }, "M1"],
      [{ counters: { ...image.counters, waking: 7 } }, "M2"],
      [{ dueAt: null }, "M3"],
      [{ position: 3 }, "M4"],
      [{ token: 0 }, "M5"],
    ];

    expect(findImageFault(image)).toBeNull();
    for (const [change, id] of unsound) expect(findImageFault({ ...image, ...change })).toContain(`(${id})`);
  });
});

async function sampleSession() {
  const store = createMemoryStore({ clock: createVirtualClock() });
  const session = driveSession(store, sessionRef("chat/42"));
  await session.register();
  for (let n = 0; n < 3; n += 1) await session.accept();
  await session.stageNext(await session.stage());
  return { image: store.inspect(session.ref) as SessionImage };
}

/** Inputs that nothing will ever end, and what is wrong with the session at rest. */
function leftOver(image: SessionImage | null): readonly unknown[] {
  if (image === null) return [];
  const fault = findImageFault(image);
  const open = image.inputs.filter(({ status }) => ["queued", "staged", "applied_pending"].includes(status));
  return image.phase === "destroyed" ? [] : [...open, ...(fault === null ? [] : [fault])];
}
