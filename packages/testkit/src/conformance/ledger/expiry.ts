import { describe, expect, it } from "vitest";
import { completed, event, RELEASED } from "../../fixtures/commands.ts";
import { as, idsOf } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";

const EXPIRED = { kind: "abandoned", reason: "expired", attempts: 0 };

/** Accepts an input that is over after so many milliseconds. */
function expiring(session: SessionUnderTest, ms: number) {
  return session.accept({ expiresAt: session.now() + ms });
}

/** Proves that what was not staged in time ends, and that nothing else does. */
export function describeExpiry(openStore: StoreFactory): void {
  describe("expiry", () => {
    it(
      "ends an input at its time, and not a millisecond before",
      withSession(openStore, async (session) => {
        const late = await expiring(session, 1_000);
        await session.advanceTime(1_000);
        const early = await expiring(session, 1_000);
        await session.advanceTime(999);

        const { batch, settled } = as(await session.claim(), "staged");

        expect(settled).toMatchObject([{ inputId: late.inputId, outcome: EXPIRED }]);
        expect(idsOf(batch)).toEqual([early.inputId]);
      }),
    );

    it(
      "makes a session due at that time, whatever else keeps it at rest [L6]",
      withSession(openStore, async (session) => {
        const at = session.now() + 5_000;
        await session.accept({ expiresAt: at, isWithoutWake: true });

        expect(await session.dueAt()).toBe(at);
        await session.advanceTime(5_000);
        const { settled } = as(await session.claim(), "idle");

        expect(settled).toMatchObject([{ outcome: EXPIRED }]);
        expect(await session.dueAt()).toBeNull();
      }),
    );

    it(
      "spares what was staged in time, also when it is tried again after its time",
      withSession(openStore, async (session) => {
        const { inputId } = await expiring(session, 1_000);
        const batch = await session.stage();
        await session.advanceTime(2_000);
        await session.commit(batch, RELEASED);

        const again = await session.stage();

        expect(idsOf(again)).toEqual([inputId]);
        await session.commit(again, completed());
        expect((await session.input(inputId)).outcome).toMatchObject({ kind: "completed_without_result" });
      }),
    );

    it(
      "shows a run in progress nothing that is over [T8]",
      withSession(openStore, async (session) => {
        await session.accept();
        const batch = await session.stage();
        const steered = { input: event("mail", { lane: "steer" }) };
        await session.accept({ ...steered, expiresAt: session.now() + 1_000 });
        const stays = await session.accept(steered);
        await session.advanceTime(1_000);

        const look = { ref: session.ref, fence: batch.fence, attempt: batch.attempt, call: 1, callDigest: "look" };
        const inbox = { maxInputs: 10, maxBytes: 1_000_000 };
        const reply = as(await session.store.liveRuns.checkpoint({ ...look, boundary: null, inbox }), "taken");

        expect(idsOf(reply)).toEqual([stays.inputId]);
      }),
    );

    it(
      "ends more than a step can as chores, before anything is staged [L6]",
      withSession(openStore, async (session) => {
        const at = session.now() + 1_000;
        for (let count = 0; count < 130; count += 1) await session.accept({ expiresAt: at });
        const stays = await session.accept();
        await session.advanceTime(1_000);

        expect(await session.claim()).toEqual({ kind: "chores" });
        const settled = (await session.settleChores()).flatMap((reply) => reply.settled);

        expect(settled).toHaveLength(130);
        expect(idsOf(await session.stage())).toEqual([stays.inputId]);
      }),
    );
  });
}
