/** The suite of the `DeadLetters` port, and of admissions that redrive; its promises are D51 to D53. */
import { describe, expect, it } from "vitest";
import { completed, failed, prompt } from "../fixtures/commands.ts";
import { sessionRef } from "../fixtures/ids.ts";
import { driveSession, idsOf } from "../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every store promises about dead letters. */
export function describeDeadLetters(openStore: StoreFactory): void {
  describe("dead letters", () => {
    it(
      "become an input of their own with a fresh budget, and stay as they ended [D51]",
      withSession(openStore, async (session) => {
        const dead = await bury(session, "key");
        const before = await session.input(dead);

        const { inputId } = await session.accept({ redriveOf: dead });

        expect(await session.input(inputId)).toMatchObject({
          redriveOf: dead,
          redrivenBy: null,
          attempts: 0,
          failures: 0,
        });
        expect(await session.input(dead)).toEqual({ ...before, redrivenBy: inputId });
        expect(await session.admit({ key: "key", input: prompt("again") })).toMatchObject({ existingId: dead });
        const batch = await session.stage();
        expect(idsOf(batch)).toEqual([inputId]);
        await session.commit(batch, completed({ output: "done" }));
        expect(await session.input(inputId)).toMatchObject({ outcome: { kind: "completed" } });
      }),
    );

    it(
      "are redriven once; the same admission again gets the first answer [D52]",
      withSession(openStore, async (session) => {
        const dead = await bury(session);
        const id = session.ids.input();
        const { admission } = await session.accept({ redriveOf: dead, id });

        expect(await session.admit({ redriveOf: dead, id })).toMatchObject({ kind: "deduplicated", admission });
        expect(await session.admit({ redriveOf: dead })).toEqual({ kind: "not_dead_letter", redrivenBy: id });
        expect(await session.store.deadLetters.discard(session.ref, dead)).toEqual({
          kind: "not_dead_letter",
          redrivenBy: id,
        });
        expect(await session.inputs()).toHaveLength(2);
      }),
    );

    it(
      "are discarded once, and stay abandoned [D52]",
      withSession(openStore, async (session) => {
        const { deadLetters, archive, directory } = session.store;
        const dead = await bury(session);
        const before = await session.input(dead);

        expect(await deadLetters.discard(session.ref, dead)).toMatchObject({ kind: "discarded" });

        expect(await deadLetters.discard(session.ref, dead)).toEqual({ kind: "not_dead_letter", redrivenBy: null });
        expect(await session.admit({ redriveOf: dead })).toEqual({ kind: "not_dead_letter", redrivenBy: null });
        expect(await session.input(dead)).toEqual(before);
        expect((await archive.listDeadLetters(session.ref, { after: 0, limit: 10 })).items).toEqual([]);
        expect(await directory.find(session.ref)).toMatchObject({ deadLetters: 0 });
      }),
    );

    it(
      "list their session exactly while one of them is left [D53]",
      withSession(openStore, async (session) => {
        const { deadLetters } = session.store;
        const quiet = driveSession(session.store, sessionRef("quiet"), session.ids);
        await quiet.register();
        expect(await listed(session)).toEqual([]);
        const [one, other] = [await bury(session), await bury(session)];
        expect(await listed(session)).toEqual([session.ref.sessionId]);

        await deadLetters.discard(session.ref, one);
        expect(await listed(session)).toEqual([session.ref.sessionId]);
        await session.accept({ redriveOf: other });

        expect(await listed(session)).toEqual([]);
        await bury(session);
        expect(await listed(session)).toEqual([session.ref.sessionId]);
        await session.apply("destroy");
        expect(await listed(session)).toEqual([]);
      }),
    );

    it(
      "are told from other inputs, from none, and from those of a session that is not there [D52]",
      withSession(openStore, async (session) => {
        const { deadLetters } = session.store;
        const { inputId } = await session.accept();
        const unknown = session.ids.input();

        expect(await deadLetters.discard(session.ref, inputId)).toEqual({ kind: "not_dead_letter", redrivenBy: null });
        expect(await deadLetters.discard(session.ref, unknown)).toEqual({ kind: "no_input" });
        expect(await deadLetters.discard(sessionRef("nowhere"), inputId)).toEqual({ kind: "missing" });
        expect(await session.admit({ redriveOf: inputId })).toEqual({ kind: "not_dead_letter", redrivenBy: null });
        expect(await session.admit({ redriveOf: unknown })).toEqual({ kind: "not_dead_letter", redrivenBy: null });
        await session.apply("retire");
      }),
    );
  });
}

/** Spends the budget of a new input at once. */
async function bury(session: SessionUnderTest, key?: string) {
  const { inputId } = await session.accept(key === undefined ? {} : { key });
  const batch = await session.stage();
  await session.commit(batch, failed({ isRetryable: false }));
  return inputId;
}

async function listed(session: SessionUnderTest) {
  const { tenantId } = session.ref;
  const { sessions } = await session.store.deadLetters.listSessions({ tenantId, after: null, limit: 10 });
  return sessions.map(({ sessionId }) => sessionId);
}
