import type { NewPeerCandidate } from "@holdfast/contracts";
import type { CommsInbox } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { peerMessage } from "../fixtures/comms-inbox.ts";

/** An empty inbox, and how a peer reaches it. */
export interface InboxUnderTest {
  readonly inbox: CommsInbox;
  readonly send: (candidate: NewPeerCandidate) => Promise<void> | void;
  readonly dismiss: () => Promise<void> | void;
}

/** Proves what a drain expects of the inbox that a surface provides. */
export function describeCommsInbox(openInbox: () => Promise<InboxUnderTest> | InboxUnderTest): void {
  describe("comms inbox", () => {
    it("hands out messages in the order they came, one at a time [D47]", async () => {
      const { inbox, send } = await openInbox();
      for (const envelopeId of ["one", "two"]) await send(peerMessage(envelopeId, { envelopeId }));

      expect(await inbox.claim()).toMatchObject({ envelopeId: "one" });
      expect(await inbox.claim()).toBeNull();
      await inbox.commit();
      expect(await inbox.claim()).toMatchObject({ envelopeId: "two" });
      await inbox.commit();

      expect(await inbox.claim()).toBeNull();
    });

    it("hands out a released message again, before later ones [D48]", async () => {
      const { inbox, send } = await openInbox();
      await send(peerMessage("one", { envelopeId: "one" }));
      await inbox.claim();
      await send(peerMessage("two", { envelopeId: "two" }));

      await inbox.release();

      expect(await inbox.claim()).toMatchObject({ envelopeId: "one" });
    });

    it("bears a release and a commit of nothing [D48]", async () => {
      const { inbox, send } = await openInbox();
      await inbox.release();
      await inbox.commit();
      await send(peerMessage("one", { envelopeId: "one" }));
      await inbox.commit();

      expect(await inbox.claim()).toMatchObject({ envelopeId: "one" });
    });

    it("tells a listener of every arrival and of a dismissal, until it has enough [D49]", async () => {
      const { inbox, send, dismiss } = await openInbox();
      let calls = 0;
      const stop = inbox.subscribe(() => {
        calls += 1;
      });
      await send(peerMessage("one"));
      expect([calls, inbox.wasDismissed()]).toEqual([1, false]);
      await dismiss();
      expect([calls, inbox.wasDismissed()]).toEqual([2, true]);
      stop();

      await send(peerMessage("two"));

      expect(calls).toBe(2);
    });
  });
}
