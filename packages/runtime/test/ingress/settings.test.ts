import { isAppError, type NewInput, type SessionSettings } from "@holdfast/contracts";
import { binding, createIds, prompt, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { ref, withSession } from "../support/bound-session.ts";
import { withLedger } from "../support/calls.ts";
import { rejection } from "../support/rejection.ts";
import { createWorld } from "../support/world.ts";

const ids = createIds();

function silentRequest(intent: string): NewInput {
  return {
    kind: "peer",
    body: "psst",
    source: { type: "peer", peerId: "peer" },
    convention: { type: "request", requestId: "request", intent },
  };
}

describe("settings", () => {
  const gossip: SessionSettings = { silentIntents: ["gossip"] };

  it("of a session that was created with some hold from its first input on, in every process", async () => {
    const world = createWorld();
    const [one, other] = [await world.start("one"), await world.start("other")];
    await one.runtime.ensureSessionWithExecutor(ref, binding(), { settings: gossip });

    const admissions = [
      await one.runtime.acceptInput(ref, silentRequest("gossip")),
      await other.runtime.acceptInput(ref, silentRequest("gossip")),
    ];

    expect(admissions).toMatchObject([{ signal: "none" }, { signal: "none" }]);
  });

  it("silence intents of a session that is there, from the next input on, and those alone", async () => {
    const { sender } = await withSession();
    await sender.runtime.setSessionSilentIntents(ref, ["gossip"]);
    const silenced = await sender.runtime.acceptInput(ref, silentRequest("gossip"));
    await sender.runtime.setSessionSilentIntents(ref, []);
    const heard = await sender.runtime.acceptInput(ref, silentRequest("gossip"));

    expect([silenced, heard]).toMatchObject([{ signal: "none" }, { signal: "wake" }]);
  });

  it("of no session, of a destroyed one, or that are no texts are refused", async () => {
    const { sender } = await withSession();
    const gone = sessionRef("chat/gone");
    await sender.runtime.registerSession(gone);
    await sender.runtime.control(gone, { verb: "destroy", requestId: ids.request() });

    const errors = [
      await rejection(sender.runtime.setSessionSilentIntents(sessionRef("nowhere"), [])),
      await rejection(sender.runtime.setSessionSilentIntents(gone, [])),
      await rejection(sender.runtime.setSessionSilentIntents(ref, [1] as never)),
    ];

    expect(errors).toMatchObject([
      { code: "session.not_found" },
      { code: "session.destroyed" },
      { code: "request.invalid" },
    ]);
  });

  it("that changed behind a process are resolved again, within the one call", async () => {
    const { world, sender } = await withSession();
    const before = await sender.runtime.acceptInput(ref, silentRequest("gossip"));
    await world.store.directory.configure(ref, gossip);

    const after = await sender.runtime.acceptInput(ref, silentRequest("gossip"));

    expect(before).toMatchObject({ signal: "wake", policy: { wake: "wake_if_idle" } });
    expect(after).toMatchObject({ kind: "accepted", admission: 2, signal: "none", policy: { wake: "none" } });
    expect(sender.calls.admit).toBe(3);
  });

  it("are remembered: the next input costs one call again", async () => {
    const { world, sender } = await withSession();
    await world.store.directory.configure(ref, gossip);
    await sender.runtime.acceptInput(ref, prompt("one"));
    const spent = sender.calls.admit;

    await sender.runtime.acceptInput(ref, prompt("two"));

    expect(sender.calls.admit).toBe(spent + 1);
  });

  it("that change at every look are given up on, with nothing admitted", async () => {
    const world = createWorld();
    const wrap = withLedger((ledger) => ({
      admit: async (command) => {
        await world.store.directory.configure(ref, gossip);
        return ledger.admit(command);
      },
    }));
    const sender = await world.start("sender", { wrap });
    await sender.runtime.ensureSessionWithExecutor(ref, binding());

    const error = await rejection(sender.runtime.acceptInput(ref, prompt("hello")));

    expect(isAppError(error, "store.unavailable")).toBe(true);
    expect(await sender.runtime.findSession(ref)).toMatchObject({ admitted: 0 });
  });
});
