/** What a session refuses for want of room, and what goes on meanwhile (G14). */
import { type ErrorCode, isAppError } from "@holdfast/contracts";
import { expect, it } from "vitest";
import type { Store } from "../../src/index.ts";
import { recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { keyed, send } from "../support/send.ts";
import type { OpenStage } from "./stage.ts";

const FULL = { kind: "store_full", usedBytes: 95, limitBytes: 100 } as const;

/** What every store bounds. */
export function describeLimitedSessions(openStage: OpenStage): void {
  it("refuses what is one too many as limited, and takes it once a worker has made room [G14]", async () => {
    const stage = await openStage();
    const { world, ref } = stage;
    await stage.bind();
    const bounded = await stage.process("bounded", { inputLimits: { pendingInputs: 2 } });
    await send(bounded, ref, keyed("one"));
    await send(bounded, ref, keyed("two"));

    const error = await rejection(bounded.runtime.acceptInput(ref, keyed("three")));

    expect(codeOf(error)).toBe("session.limited");
    expect(isAppError(error) && error.details).toEqual({ pending: 2, retryAfterMs: 1_000 });
    expect(await bounded.runtime.acceptInput(ref, keyed("two"))).toMatchObject({ kind: "deduplicated" });
    expect(await bounded.runtime.inputState(ref, { key: "three" })).toBeNull();
    await stage.worker("worker", recording());
    await world.advance(10_000);
    expect(await bounded.runtime.inputState(ref, { key: "two" })).toMatchObject({ status: "consumed" });
    expect(await bounded.runtime.acceptInput(ref, keyed("three"))).toMatchObject({ kind: "accepted" });
  });

  it("goes by what a session's settings say, whoever sends [G14]", async () => {
    const { sender, ref } = await openStage();
    await sender.runtime.registerSession(ref, { settings: { silentIntents: [], pendingInputs: 1 } });
    await send(sender, ref, keyed("one"));

    expect(codeOf(await rejection(sender.runtime.acceptInput(ref, keyed("two"))))).toBe("session.limited");
    await sender.runtime.setSessionSilentIntents(ref, ["gossip"]);
    expect(codeOf(await rejection(sender.runtime.acceptInput(ref, keyed("two"))))).toBe("session.limited");
  });

  it("says that the store is full, and loses no firing of a schedule to that [G14]", async () => {
    const stage = await openStage();
    const { world, sender, ref } = stage;
    await stage.bind();
    let isFull = true;
    const fullStore = (store: Store): Store => ({
      ...store,
      ledger: { ...store.ledger, admit: async (command) => (isFull ? FULL : store.ledger.admit(command)) },
    });
    const worker = await stage.worker("worker", recording(), { wrap: fullStore });
    await sender.runtime.putSchedule(ref, {
      scheduleId: "tick",
      timing: { type: "every", everyMs: 60_000 },
      input: { kind: "prompt", text: "tick" },
    });

    const error = await rejection(worker.runtime.acceptInput(ref, keyed("one")));
    await world.advance(62_000);

    expect(codeOf(error)).toBe("store.limited");
    expect(isAppError(error) && error.details).toEqual({ usedBytes: 95, limitBytes: 100, retryAfterMs: 1_000 });
    expect((await sender.runtime.sessionState(ref)).state).toBeNull();
    isFull = false;
    await world.advance(20_000);
    expect((await sender.runtime.sessionState(ref)).state).toEqual(["tick"]);
    expect(await sender.runtime.listSchedules(ref)).toMatchObject([{ refused: 0, lastFiring: { result: "accepted" } }]);
  });
}

function codeOf(error: unknown): ErrorCode | null {
  return isAppError(error) ? error.code : null;
}
