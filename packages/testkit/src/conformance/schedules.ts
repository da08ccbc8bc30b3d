/** The suite of the `Schedules` port; its promises are L9 to L11. */
import type { SaveSchedulesReply } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { sessionRef } from "../fixtures/ids.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every store of schedules promises. */
export function describeSchedules(openStore: StoreFactory): void {
  describe("schedules", () => {
    it(
      "are written over the version they were made from, and over no other [L9]",
      withSession(openStore, async (session) => {
        expect(await load(session)).toEqual({ phase: "idle", version: 0, rows: "" });

        expect(await save(session, 0, "é|1\n2")).toEqual({ kind: "saved" });
        expect(await save(session, 0, "late")).toEqual({ kind: "changed" });
        expect(await load(session)).toEqual({ phase: "idle", version: 1, rows: "é|1\n2" });
        expect(await save(session, 1, "")).toEqual({ kind: "saved" });

        expect(await load(session)).toEqual({ phase: "idle", version: 2, rows: "" });
      }),
    );

    it(
      "are swept when the next planned time has come, and not before [L10]",
      withSession(openStore, async (session) => {
        await save(session, 0, "hourly", session.now() + 1_000);

        await session.advanceTime(999);
        expect(await sweptParts(session)).toEqual([]);
        await session.advanceTime(1);
        expect(await sweptParts(session)).toEqual(["schedules"]);
      }),
    );

    it(
      "are swept in every phase they are kept in [L10, L11]",
      withSession(openStore, async (session) => {
        for (const [index, verb] of (["reset", "retire", "stop"] as const).entries()) {
          await save(session, index, verb, session.now() + 1_000);
          await session.apply(verb);
          await session.settleChores();
          await session.advanceTime(1_000);

          expect(await load(session)).toMatchObject({ version: index + 1, rows: verb });
          expect(await sweptParts(session)).toContain("schedules");
        }
      }),
    );

    it(
      "are looked at no more when nothing is planned [L10]",
      withSession(openStore, async (session) => {
        await save(session, 0, "hourly", session.now() + 1_000);

        await save(session, 1, "paused", null);
        await session.advanceTime(60_000);

        expect(await sweptParts(session)).toEqual([]);
      }),
    );

    it.each(["stop", "retire"] as const)(
      "are looked at as soon as the session takes inputs again after a %s [L10]",
      (verb) =>
        withSession(openStore, async (session) => {
          await save(session, 0, "daily", session.now() + 86_400_000);
          await session.apply(verb);
          expect(await sweptParts(session)).not.toContain("schedules");

          if (verb === "stop") await session.register();
          else await session.apply("recycle");

          expect(await sweptParts(session)).toContain("schedules");
        })(),
    );

    it(
      "are removed when the session is destroyed [L11]",
      withSession(openStore, async (session) => {
        await save(session, 0, "hourly", session.now() + 1_000);
        await session.apply("destroy");
        await session.settleChores();

        expect(await load(session)).toEqual({ phase: "destroyed", version: 0, rows: "" });
        expect(await save(session, 0, "again")).toEqual({ kind: "missing" });
        await session.advanceTime(60_000);
        expect(await sweptParts(session)).not.toContain("schedules");
      }),
    );

    it(
      "of a session that nobody registered are none",
      withSession(openStore, async ({ store }) => {
        const ref = sessionRef("nowhere");

        expect(await store.schedules.load(ref)).toBeNull();
        const reply = await store.schedules.save({ ref, version: 0, rows: "x", nextAt: 1 });
        expect(reply).toEqual({ kind: "missing" });
      }),
    );
  });
}

function load({ store, ref }: SessionUnderTest) {
  return store.schedules.load(ref);
}

function save(
  { store, ref }: SessionUnderTest,
  version: number,
  rows: string,
  nextAt: number | null = null,
): Promise<SaveSchedulesReply> {
  return store.schedules.save({ ref, version, rows, nextAt });
}

/** Which parts of the session a sweep finds overdue. */
async function sweptParts({ store, ref }: SessionUnderTest): Promise<readonly (string | undefined)[]> {
  const swept = await store.ledger.sweep(10);
  return swept.filter(({ sessionId }) => sessionId === ref.sessionId).map(({ part }) => part);
}
