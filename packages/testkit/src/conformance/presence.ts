/** The suite of the `Presence` port; its promises are P1 and P2 (the latter also in the suite of the ledger). */
import { HEARTBEAT_MS } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { EXECUTOR, worker } from "../fixtures/commands.ts";
import { nodeId } from "../fixtures/ids.ts";
import { idsOf } from "../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every presence promises. */
export function describePresence(openStore: StoreFactory): void {
  describe("presence", () => {
    it(
      "lists a worker with what it hosts, once however often it is announced",
      withSession(openStore, async (session) => {
        await announce(session, "one");
        await announce(session, "one");

        const [record, ...others] = await session.store.presence.list();

        expect(others).toEqual([]);
        expect(record).toMatchObject({
          node: nodeId("one"),
          executors: [{ name: EXECUTOR, version: "1" }],
          concurrency: 4,
          startedAt: 1,
        });
      }),
    );

    it(
      "forgets a worker that stops its heartbeat after three of them [P1]",
      withSession(openStore, async (session) => {
        await announce(session, "silent");
        await announce(session, "beating");
        await session.advanceTime(2 * HEARTBEAT_MS);
        await announce(session, "beating");
        expect(await names(session)).toEqual(["beating", "silent"]);

        await session.advanceTime(HEARTBEAT_MS + 5_000);

        expect(await names(session)).toEqual(["beating"]);
      }),
    );

    it(
      "forgets a worker that leaves, at once [P1]",
      withSession(openStore, async (session) => {
        await announce(session, "one");
        await session.store.presence.leave(nodeId("one"));
        await session.store.presence.leave(nodeId("unknown"));

        expect(await names(session)).toEqual([]);
      }),
    );

    it(
      "makes a session due that waited for an executor, and leaves others alone [P2]",
      withSession(openStore, async (session) => {
        const { inputId } = await session.accept();
        await session.claim({ as: worker("stranger", { executors: [] }) });
        expect(await session.store.presence.adopt("unrelated", 10)).toBe(0);

        expect(await session.store.presence.adopt(EXECUTOR, 10)).toBe(1);

        expect(await session.dueAt()).toBe(session.now());
        expect(await session.store.ledger.sweep(10)).toEqual([session.ref]);
        expect(idsOf(await session.stage())).toEqual([inputId]);
      }),
    );
  });
}

function announce(session: SessionUnderTest, name: string): Promise<void> {
  return session.store.presence.announce({
    node: nodeId(name),
    executors: [{ name: EXECUTOR, version: "1" }],
    concurrency: 4,
    startedAt: 1,
  });
}

async function names(session: SessionUnderTest): Promise<string[]> {
  const workers = await session.store.presence.list();
  return ["beating", "one", "silent"].filter((name) => workers.some(({ node }) => node === nodeId(name)));
}
