import type { RequestId } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { nodeId, sessionRef } from "../../fixtures/ids.ts";
import { as } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";
import { request } from "./expectations.ts";

/** Proves that a caller's event is appended once (C7). */
export function describePublished(openStore: StoreFactory): void {
  const publish = (session: SessionUnderTest, requestId: RequestId, payload = '{"a":"x|y%7C"}', digest = payload) =>
    session.store.control.publish({ ref: session.ref, requestId, name: "ticket.closed", payload, digest });

  it(
    "appends an event once per request id, whatever is in it, and says who follows [C7]",
    withSession(openStore, async (session) => {
      await session.store.directory.follow({ ref: session.ref, node: nodeId("reader"), forMs: 1_000 });

      const first = as(await publish(session, request("r")), "published");
      const again = as(await publish(session, request("r")), "published");

      expect(first).toMatchObject({ isRepeat: false, followers: [nodeId("reader")] });
      expect(again).toMatchObject({ isRepeat: true, cursor: first.cursor });
      const { items } = await session.store.archive.listEvents(session.ref, { after: first.cursor - 1, limit: 10 });
      expect(items.map(({ event }) => event)).toEqual([
        { type: "caller.event", name: "ticket.closed", payload: { a: "x|y%7C" } },
      ]);
    }),
  );

  it(
    "refuses another event under the same request id, an unknown session, and a destroyed one [C7]",
    withSession(openStore, async (session) => {
      await publish(session, request("r"));

      expect(await publish(session, request("r"), "1")).toEqual({ kind: "mismatch" });
      expect(
        await session.store.control.publish({
          ref: sessionRef("nowhere"),
          requestId: request("r"),
          name: "a",
          payload: "1",
          digest: "1",
        }),
      ).toEqual({ kind: "missing" });
      await session.apply("destroy");
      expect(await publish(session, request("s"))).toEqual({ kind: "refused", phase: "destroyed" });
    }),
  );
}
