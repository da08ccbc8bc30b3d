/** Inputs that take the place of others. */
import type { InputId, KindId, NewInput } from "@holdfast/contracts";
import { KindId as Kinds } from "@holdfast/contracts";
import { describeAggregate, isCoalescingEligible, parseNewInput, supersessionScope } from "@holdfast/domain";
import { driveSession, event, progress, prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { holding } from "../support/executors.ts";
import { send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ALL = { after: 0, limit: 100 };

const scopeOf = (input: NewInput): string | null => supersessionScope(parseNewInput(input));
const withKey = (input: NewInput, supersessionKey: string): NewInput => ({ ...input, supersessionKey });

/** Proves the scenarios of supersession on a store. */
export function describeSupersession(openStage: OpenStage): void {
  async function bound(): Promise<Stage> {
    const stage = await openStage();
    await stage.bind();
    return stage;
  }

  describe("a scope", () => {
    it("SUP-01 is the same for one kind and one key, and the newer input takes the older one's place", async () => {
      expect(scopeOf(progress("k"))).toBe(scopeOf(progress("k")));
      const { world, ref } = await bound();
      const session = driveSession(world.store, ref);
      const older = await session.accept({ input: event("mail", { scope: "k" }), queue: "supersede" });

      const newer = await session.accept({ input: event("mail", { scope: "k" }), queue: "supersede" });

      expect(await session.input(older.inputId)).toMatchObject({
        status: "superseded",
        outcome: { kind: "superseded", by: newer.inputId },
      });
    });

    it("SUP-02 is another for another key, another kind, and is none without a key", async () => {
      const scopes = [progress("k"), progress("other"), event("mail", { scope: "k" }), withKey(prompt("x"), "k")];
      expect(new Set(scopes.map(scopeOf)).size).toBe(scopes.length);
      expect(scopeOf(prompt("x"))).toBeNull();

      const stage = await bound();
      for (const input of [...scopes, prompt("x")]) await stage.sender.runtime.acceptInput(stage.ref, input);

      const { items } = await stage.sender.runtime.listInputs(stage.ref, ALL);
      expect(items.map(({ status }) => status)).toEqual([...scopes, prompt("x")].map(() => "queued"));
    });
  });

  describe("an input that is displaced", () => {
    it("SUP-03 names its successor, stands in no lane, and is never run", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      const older = await send(sender, ref, progress("k"));
      const newer = await send(sender, ref, progress("k"));

      const outcome = { kind: "coalesced", into: newer.inputId };
      expect(await sender.runtime.inputState(ref, older)).toMatchObject({ status: "coalesced", outcome, attempts: 0 });
      expect(await sender.runtime.findSession(ref)).toMatchObject({ queued: 1 });

      const host = holding();
      await stage.worker("worker", host.executor);
      await send(sender, ref, prompt("wakes"));
      await world.settle();
      expect(host.turns.flatMap(({ turn }) => turn.inputs.map(({ id }) => id))).toEqual([newer.inputId]);
      host.last().answer();
      await world.settle();
      host.last().answer();
      await world.advance(60_000);
      expect(host.turns).toHaveLength(2);
      expect(await sender.runtime.inputState(ref, older)).toMatchObject({ status: "coalesced", outcome, attempts: 0 });
    });

    it("SUP-04 tells its waiter, wherever that waits, and leaves an event", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      const elsewhere = await stage.process("elsewhere");
      const older = await send(sender, ref, progress("k"));
      const waiting = elsewhere.runtime.waitForOutcome(ref, older);
      await world.settle();

      const newer = await send(elsewhere, ref, progress("k"));
      await world.settle();

      const displaced = { kind: "coalesced", into: newer.inputId };
      expect(await Promise.all([older.completion, waiting])).toEqual([displaced, displaced]);
      const { items } = await sender.runtime.listEvents(ref, ALL);
      const facts = items.map(({ event: told }) => told);
      expect(facts).toContainEqual({ type: "input.coalesced", inputId: older.inputId, into: newer.inputId });
    });

    it("SUP-05 is none that a boundary has applied: the newer one is run by itself", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      const host = holding();
      await stage.worker("worker", host.executor);
      const older = await send(sender, ref, progress("k"));
      await send(sender, ref, prompt("wakes"));
      await world.settle();
      await Promise.all([host.last().turn.checkpoint({ state: "half" }), world.settle()]);
      const before = await sender.runtime.inputState(ref, older);

      const newer = await send(sender, ref, progress("k"));

      expect(before).toMatchObject({ status: "applied_pending" });
      expect(await sender.runtime.inputState(ref, older)).toEqual(before);
      expect(await sender.runtime.inputState(ref, newer)).toMatchObject({ status: "queued" });
      for (let turns = 0; turns < host.turns.length; turns += 1) {
        host.last().answer();
        await world.settle();
      }
      const ends = await Promise.all([older.completion, newer.completion]);
      expect(ends.map(({ kind }) => kind)).toEqual(["completed_without_result", "completed_without_result"]);
    });

    it("SUP-05 is none that is staged: it and the newer one are both run", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      const host = holding();
      await stage.worker("worker", host.executor);
      const older = await send(sender, ref, progress("k"));
      await send(sender, ref, prompt("wakes"));
      await world.settle();
      expect(await sender.runtime.inputState(ref, older)).toMatchObject({ status: "staged" });

      const newer = await send(sender, ref, progress("k"));
      host.last().answer();
      await world.settle();
      while (host.turns.length < 3) {
        host.last().answer();
        await world.settle();
      }
      host.last().answer();
      await world.settle();

      const ran = host.turns.flatMap(({ turn }) => turn.inputs.map(({ id }) => id));
      expect(ran).toEqual(expect.arrayContaining([older.inputId, newer.inputId]));
      const ends = await Promise.all([older.completion, newer.completion]);
      expect(ends.map(({ kind }) => kind)).toEqual(["completed_without_result", "completed_without_result"]);
    });
  });

  describe("an aggregate", () => {
    it("SUP-06 lists all its sources, and there is none without any", () => {
      const sources = ["inp_source000001", "inp_source000002", "inp_source000003"] as InputId[];
      const identity = { inputId: "inp_aggregate001" as InputId, at: 1 };

      expect(describeAggregate(sources, identity)).toEqual({
        ...identity,
        sourceIds: sources,
        text: "3 coalesced inputs",
      });
      expect(describeAggregate([], identity)).toBeNull();
    });

    it("SUP-07 is for external events and progress reports, never for a prompt or a peer message", () => {
      const eligible: readonly KindId[] = ["external_event", "peer_response_progress"];

      expect(Kinds.options.filter(isCoalescingEligible).toSorted()).toEqual(eligible.toSorted());
    });
  });
}
