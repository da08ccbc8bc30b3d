/** Proves that sessions are found by their labels (D9). */
import type { Labels, SessionRef } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { binding } from "../fixtures/commands.ts";
import { sessionRef } from "../fixtures/ids.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

/** The tests of labels, part of the suite of the directory. */
export function describeLabels(openStore: StoreFactory): void {
  const list = async ({ store }: SessionUnderTest, value: string, tenantId = "acme", limit = 3) => {
    const found: string[] = [];
    for (let after: string | null = null; ; ) {
      const label = { key: "team", value };
      const query = { tenantId: sessionRef("", tenantId).tenantId, after, limit, label };
      const page: Awaited<ReturnType<typeof store.directory.list>> = await store.directory.list(query);
      found.push(...page.sessions.map(({ sessionId }) => sessionId));
      if (page.next === null) return found.sort();
      after = page.next;
    }
  };
  const create = async ({ store }: SessionUnderTest, ref: SessionRef, labels: Labels) => {
    await store.directory.register({ ref, binding: binding(), settings: null, mayRevive: true });
    return store.directory.label(ref, labels);
  };

  it(
    "lists sessions by a label, page by page, those of one tenant only [D9]",
    withSession(openStore, async (session) => {
      for (let n = 0; n < 8; n += 1) {
        await create(session, sessionRef(`s${n}`), { team: n % 2 === 0 ? "a|b, c" : "other", tier: "free" });
      }
      await create(session, sessionRef("s0", "rival"), { team: "a|b, c" });

      expect(await list(session, "a|b, c")).toEqual(["s0", "s2", "s4", "s6"]);
      expect(await list(session, "other")).toEqual(["s1", "s3", "s5", "s7"]);
      expect(await list(session, "a|b, c", "rival")).toEqual(["s0"]);
      expect(await list(session, "free")).toEqual([]);
    }),
  );

  it(
    "replaces labels as a whole, and shows them with the session [D9]",
    withSession(openStore, async (session) => {
      const { directory } = session.store;
      expect(await directory.find(session.ref)).toMatchObject({ labels: {} });
      await directory.label(session.ref, { team: "a", tier: "free" });

      expect(await directory.label(session.ref, { team: "b" })).toEqual({ kind: "labelled" });

      expect(await directory.find(session.ref)).toMatchObject({ labels: { team: "b" } });
      expect([await list(session, "a"), await list(session, "b")]).toEqual([[], [session.ref.sessionId]]);
      expect(await directory.label(sessionRef("nowhere"), {})).toEqual({ kind: "missing" });
    }),
  );

  it(
    "lists a session no more once it is destroyed or unregistered, and again when it comes back [D8] [D9]",
    withSession(openStore, async (session) => {
      const { directory, unregistration } = session.store;
      await directory.label(session.ref, { team: "a" });
      const command = { ref: session.ref, requestId: session.ids.request() };
      await unregistration.begin(command);
      await unregistration.close({ ...command, obligation: "waiters", by: "note" });
      await unregistration.commit(session.ref);

      expect(await list(session, "a")).toEqual([]);
      await session.register();
      expect(await list(session, "a")).toEqual([session.ref.sessionId]);
      await session.apply("destroy");
      expect(await list(session, "a")).toEqual([]);
      expect(await directory.label(session.ref, { team: "a" })).toEqual({ kind: "refused", phase: "destroyed" });
    }),
  );
}
