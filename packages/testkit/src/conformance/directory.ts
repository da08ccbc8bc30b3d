/** The suite of the `SessionDirectory` port; its promises are D1 to D3. */
import type { SessionId, TenantId } from "@holdfast/contracts";
import type { SessionDirectory } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { binding, EXECUTOR } from "../fixtures/commands.ts";
import { sessionRef } from "../fixtures/ids.ts";
import { idsOf } from "../fixtures/session-driver.ts";
import { describeLabels } from "./labels.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every directory promises. */
export function describeDirectory(openStore: StoreFactory): void {
  describe("directory", () => {
    describe("labels", () => {
      describeLabels(openStore);
    });
    describe("registration", () => {
      describeRegistration(openStore);
    });
    describe("revival", () => {
      describeRevival(openStore);
    });
    describe("listing", () => {
      describeListing(openStore);
    });
  });
}

const plain = { binding: null, settings: null, mayRevive: true } as const;

function describeRegistration(openStore: StoreFactory): void {
  it(
    "creates a session that knows nothing yet",
    withSession(openStore, async (session) => {
      const ref = sessionRef("fresh");

      const reply = await session.store.directory.register({ ...plain, ref, settings: { silentIntents: ["gossip"] } });

      expect(reply).toEqual({ kind: "created", phase: "idle", settingsRevision: 1 });
      expect(await session.store.directory.find(ref)).toMatchObject({
        ref,
        phase: "idle",
        generation: 0,
        binding: null,
        settings: { silentIntents: ["gossip"] },
        settingsRevision: 1,
        hasRun: false,
        isBusy: false,
        admitted: 0,
        queued: 0,
        scheduled: 0,
        position: 0,
        cursor: 1,
        deadLetters: 0,
      });
      expect(await session.store.directory.find(sessionRef("nowhere"))).toBeNull();
    }),
  );

  it(
    "finds an existing session and keeps its ledger [D1]",
    withSession(openStore, async (session) => {
      await session.accept();
      const before = await session.store.directory.find(session.ref);

      const reply = await session.store.directory.register({ ...plain, ref: session.ref });

      expect(reply).toEqual({ kind: "existing", phase: "idle", settingsRevision: 0 });
      expect(await session.store.directory.find(session.ref)).toEqual(before);
    }),
  );

  it(
    "binds again without a trace when the binding is the same [D1]",
    withSession(openStore, async (session) => {
      const before = await session.store.directory.find(session.ref);

      await session.register(binding());

      expect(await session.store.directory.find(session.ref)).toEqual(before);
    }),
  );

  it(
    "replaces a binding, and keeps a staged run [D1]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.accept();
      const batch = await session.stage();

      await session.register(binding("defer", "another"));

      expect(await session.store.directory.find(session.ref)).toMatchObject({
        binding: { executor: "another", onFailure: "defer" },
        hasRun: true,
        isBusy: true,
      });
      // What is left is for whoever hosts the executor that it is bound to by now.
      const next = { kind: "more", executor: "another" };
      expect(await session.commit(batch)).toMatchObject({ position: 1, next });
    }),
  );

  it(
    "tells a run whose lease has ended from one that is held",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.stage();

      await session.advanceTime(60_000);

      expect(await session.store.directory.find(session.ref)).toMatchObject({ hasRun: true, isBusy: false });
    }),
  );

  it(
    "makes what waited for a binding due [D1]",
    withSession(
      openStore,
      async (session) => {
        const { inputId, wake } = await session.accept();
        expect(wake).toMatchObject({ signal: "none", executor: null });

        await session.register(binding());

        expect(await session.dueAt()).toBe(session.now() + 500);
        expect(idsOf(await session.stage())).toEqual([inputId]);
      },
      { binding: null },
    ),
  );

  it(
    "replaces settings under a new revision, by registering and by configuring",
    withSession(openStore, async (session) => {
      const { directory } = session.store;
      const settings = { silentIntents: ["gossip"] };

      expect(await directory.register({ ...plain, ref: session.ref, settings })).toMatchObject({ settingsRevision: 1 });
      expect(await directory.configure(session.ref, { silentIntents: [] })).toBe(2);

      expect(await directory.find(session.ref)).toMatchObject({ settings: { silentIntents: [] }, settingsRevision: 2 });
      expect(await directory.configure(sessionRef("nowhere"), settings)).toBeNull();
    }),
  );
}

function describeRevival(openStore: StoreFactory): void {
  const register = (session: SessionUnderTest, command: Partial<Parameters<SessionDirectory["register"]>[0]>) =>
    session.store.directory.register({ ...plain, ref: session.ref, ...command });

  it(
    "revives a stopped session unbound by registering, bound by binding [D2]",
    withSession(openStore, async (session) => {
      await session.apply("stop");
      expect(await register(session, {})).toMatchObject({ kind: "existing", phase: "idle" });
      expect((await session.store.directory.find(session.ref))?.binding).toBeNull();

      await session.apply("stop");
      expect(await register(session, { binding: binding("defer") })).toMatchObject({ phase: "idle" });
      expect((await session.store.directory.find(session.ref))?.binding).toEqual({
        executor: EXECUTOR,
        onFailure: "defer",
      });
    }),
  );

  it(
    "does not revive for whoever may not [D2]",
    withSession(openStore, async (session) => {
      await session.apply("stop");

      expect(await register(session, { mayRevive: false })).toEqual({ kind: "refused", phase: "stopped", open: [] });
      expect(await register(session, { mayRevive: false, binding: binding() })).toEqual({
        kind: "refused",
        phase: "stopped",
        open: [],
      });
    }),
  );

  it(
    "never revives a destroyed session [D2]",
    withSession(openStore, async (session) => {
      await session.apply("destroy");
      await session.settleChores();

      expect(await register(session, {})).toEqual({ kind: "refused", phase: "destroyed", open: [] });
      expect(await register(session, { binding: binding() })).toEqual({
        kind: "refused",
        phase: "destroyed",
        open: [],
      });
    }),
  );

  it(
    "leaves a retired session retired, and binds it so that it drains [D2]",
    withSession(
      openStore,
      async (session) => {
        await session.register(binding());
        const { inputId } = await session.accept();
        await session.apply("retire");

        expect(await register(session, {})).toMatchObject({ kind: "existing", phase: "retired" });
        expect(await register(session, { binding: binding("hold", "another") })).toMatchObject({ phase: "retired" });

        expect((await session.store.directory.find(session.ref))?.binding?.executor).toBe("another");
        expect((await session.input(inputId)).status).toBe("queued");
      },
      { binding: null },
    ),
  );
}

function describeListing(openStore: StoreFactory): void {
  it(
    "names each session of the tenant once, whatever its id, page by page [D3]",
    withSession(openStore, async (session) => {
      const { directory } = session.store;
      const names = ["a:b", "chat/1", "{x}", "ünïcödé 🙂", "*?[", "d ", "-", "0"];
      for (const name of names) await directory.register({ ...plain, ref: sessionRef(name) });
      await directory.register({ ...plain, ref: sessionRef("a:b", "acme.eu") });
      await directory.register({ ...plain, ref: sessionRef("a:b", "acm") });

      const listed = await listAll(directory, "acme", 3);

      expect([...listed].sort()).toEqual([...names, session.ref.sessionId].sort());
      expect(await listAll(directory, "acme", 3)).toEqual(listed);
      expect(await listAll(directory, "acme.eu", 500)).toEqual(["a:b"]);
      expect(await listAll(directory, "nobody", 500)).toEqual([]);
    }),
  );

  it(
    "misses nothing that was there all along while others come and go [D3]",
    withSession(openStore, async (session) => {
      const { directory, control } = session.store;
      const names = Array.from({ length: 20 }, (_, index) => `session ${index}`);
      for (const name of names) await directory.register({ ...plain, ref: sessionRef(name) });
      const first = await directory.list({ tenantId: session.ref.tenantId, after: null, limit: 5 });
      const gone = first.sessions.map(({ sessionId }) => sessionId);
      for (const sessionId of gone) {
        await control.apply({ ref: { ...session.ref, sessionId }, verb: "destroy", requestId: session.ids.request() });
      }
      await directory.register({ ...plain, ref: sessionRef("newcomer") });

      const rest = await listAll(directory, "acme", 5, first.next);

      const seen = [...gone, ...rest];
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(expect.arrayContaining([...names, session.ref.sessionId]));
    }),
  );

  it(
    "refuses a cursor that no page has given",
    withSession(openStore, async (session) => {
      const query = { tenantId: session.ref.tenantId, limit: 5, after: "not a cursor" };

      await expect(session.store.directory.list(query)).rejects.toMatchObject({ code: "request.invalid" });
    }),
  );

  it(
    "refuses a cursor that begins among another tenant's sessions [G13]",
    withSession(openStore, async (session) => {
      const { directory } = session.store;
      const theirs = await directory.list({ tenantId: session.ref.tenantId, after: null, limit: 1 });
      const bucket = theirs.next?.slice(0, theirs.next.indexOf(":"));
      const tenantId = "zebra" as TenantId;

      for (const after of [theirs.next, `${bucket}:A`, `${bucket}:`, `${bucket}:~`]) {
        await expect(directory.list({ tenantId, after, limit: 5 })).rejects.toMatchObject({ code: "request.invalid" });
      }
    }),
  );
}

async function listAll(directory: SessionDirectory, tenant: string, limit: number, start: string | null = null) {
  const ids: SessionId[] = [];
  let after = start;
  do {
    const page = await directory.list({ tenantId: tenant as TenantId, after, limit });
    expect(page.sessions.length).toBeLessThanOrEqual(limit);
    ids.push(...page.sessions.map(({ sessionId }) => sessionId));
    after = page.next;
  } while (after !== null);
  return ids;
}
