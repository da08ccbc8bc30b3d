/** What an input does to work that is there, and inputs that come too late. */
import { type InputId, isoOf, type NewInput, type Overlap } from "@holdfast/contracts";
import { event, prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { holding, recording, textsOf } from "../support/executors.ts";
import { send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ALL = { after: 0, limit: 200 };

function asking(text: string, overlap: Overlap, fields: object = {}): NewInput {
  return { kind: "prompt", text, overlap, ...fields };
}

/** Proves the overlap policies, and expiry, on a store. */
export function describeOverlap(openStage: OpenStage): void {
  /** A session with a turn in progress, which heeds its signal. */
  async function busy() {
    const stage = await openStage();
    await stage.bind();
    const host = holding({ heedsSignal: true });
    await stage.worker("worker", host.executor);
    const first = await send(stage.sender, stage.ref, "first");
    await stage.world.settle();
    return { ...stage, host, first };
  }

  async function inputsOf({ sender, ref }: Pick<Stage, "sender" | "ref">) {
    return (await sender.runtime.listInputs(ref, ALL)).items;
  }

  /** Lets everything run out; answers the texts of every turn after the first, in order. */
  async function runOut({ host, world }: Awaited<ReturnType<typeof busy>>): Promise<string[]> {
    for (let turn = 0; turn < 10; turn += 1) {
      host.last().answer();
      await world.advance(1_000);
    }
    return host.turns.slice(1).map(({ turn }) => textsOf(turn).join("+"));
  }

  describe("overlap policies", () => {
    const orders: readonly [name: string, overlap: Overlap, order: readonly string[]][] = [
      ["queue runs after what was queued", "queue", ["second", "new"]],
      ["steer runs before the queue lane", "steer", ["new", "second"]],
      ["interrupt runs next", "interrupt", ["new", "second"]],
      ["latest takes the place of what is queued of its kind", "latest", ["new"]],
    ];

    it.each(orders)("%s", async (_name, overlap, order) => {
      const stage = await busy();
      await send(stage.sender, stage.ref, "second");

      await send(stage.sender, stage.ref, asking("new", overlap));
      await stage.world.settle();

      expect(await runOut(stage)).toEqual(order);
    });

    it("interrupt ends the run in progress at once, which keeps its receipt", async () => {
      const { sender, ref, world, host, first } = await busy();

      await send(sender, ref, asking("new", "interrupt"));
      await world.settle();

      expect(host.turns[0]?.turn.signal.aborted).toBe(true);
      expect(await first.completion).toMatchObject({ kind: "cancelled", position: 1 });
      expect(host.turns.map(({ turn }) => textsOf(turn))).toEqual([["first"], ["new"]]);
      expect(await sender.runtime.listReceipts(ref, ALL)).toMatchObject({ items: [{ result: "cancelled" }] });
    });

    it("the later of two that interrupt runs first, each in a run of its own", async () => {
      const stage = await busy();
      const { sender, ref } = stage;

      await Promise.all(["one", "two"].map((text) => sender.runtime.acceptInput(ref, asking(text, "interrupt"))));
      await stage.world.settle();

      const order = await runOut(stage);
      expect([...order].sort()).toEqual(["one", "two"]);
      expect(order).toHaveLength(2);
    });

    it("rollback ends the run in progress without a trace, and drops what it worked on", async () => {
      const { sender, ref, world, host, first } = await busy();

      await send(sender, ref, asking("new", "rollback"));
      await world.settle();

      expect(host.turns[0]?.turn.signal.aborted).toBe(true);
      expect(await first.completion).toEqual({ kind: "cancelled", attempts: 1 });
      expect(host.turns.map(({ turn }) => textsOf(turn))).toEqual([["first"], ["new"]]);
      expect(await sender.runtime.listReceipts(ref, ALL)).toMatchObject({ items: [] });
    });

    it("drop is refused while a run is in progress or queued, and nothing is recorded", async () => {
      const stage = await busy();
      const { sender, ref } = stage;
      const refused = { kind: "rejected", reason: "busy" };

      expect(await sender.runtime.acceptInput(ref, asking("new", "drop"))).toMatchObject(refused);
      expect(await inputsOf(stage)).toHaveLength(1);
      await runOut(stage);

      expect(await sender.runtime.acceptInput(ref, asking("new", "drop"))).toMatchObject({ kind: "accepted" });
    });

    it("hold wakes nobody at rest", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      await stage.worker("worker", recording());

      await sender.runtime.acceptInput(ref, asking("held", "hold"));
      await world.advance(20_000);
      expect(await sender.runtime.sessionState(ref)).toMatchObject({ position: 0 });

      await send(sender, ref, "woken");
      await world.advance(5_000);
      expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: ["held", "woken"] });
    });

    it("latest ends a backlog in bounded steps, before anything of it runs", async () => {
      const stage = await busy();
      const { sender, ref } = stage;
      await Promise.all(Array.from({ length: 230 }, (_, n) => sender.runtime.acceptInput(ref, prompt(`old ${n}`))));
      await sender.runtime.acceptInput(ref, event("kept"));

      await sender.runtime.acceptInput(ref, asking("new", "latest"));

      expect(await runOut(stage)).toEqual(["external_event", "new"]);
      const { items } = await sender.runtime.listInputs(ref, { after: 0, limit: 500 });
      expect(items.filter(({ status }) => status === "superseded")).toHaveLength(230);
    });

    it("is the session's default for inputs that ask for none", async () => {
      const stage = await busy();
      const { sender, ref } = stage;
      await sender.runtime.registerSession(ref, { settings: { silentIntents: [], overlap: "drop" } });

      expect(await sender.runtime.acceptInput(ref, prompt("new"))).toMatchObject({ reason: "busy" });
      expect(await sender.runtime.acceptInput(ref, asking("new", "queue"))).toMatchObject({ kind: "accepted" });
      await sender.runtime.setSessionSilentIntents(ref, ["gossip"]);
      expect(await sender.runtime.acceptInput(ref, prompt("other"))).toMatchObject({ reason: "busy" });
    });
  });

  describe("merging", () => {
    it("CNF-04 makes a new input that lists its sources; they end, and no record is edited", async () => {
      const stage = await busy();
      const { sender, ref } = stage;
      const texts = ["one", "two", "three"];
      const sent: InputId[] = [];
      const records = [];
      for (const text of texts) {
        const { inputId } = await send(sender, ref, asking(text, "merge"));
        sent.push(inputId);
        records.push((await sender.runtime.inputState(ref, { inputId }))?.input);
      }

      const inputs = await inputsOf(stage);
      const aggregate = inputs.at(-1);
      expect(aggregate).toMatchObject({
        status: "queued",
        input: { kind: "prompt", text: "one\ntwo\nthree", lineage: { type: "merged", sources: sent } },
      });
      const sources = inputs.filter(({ inputId }) => sent.includes(inputId));
      expect(sources.map(({ status }) => status)).toEqual(["coalesced", "coalesced", "coalesced"]);
      expect(sources.map(({ input }) => input)).toEqual(records);
      expect(sources.at(-1)?.outcome).toEqual({ kind: "coalesced", into: aggregate?.inputId });
      expect(await runOut(stage)).toEqual(["one\ntwo\nthree"]);
    });

    it("answers a repeat of a source with what became of it", async () => {
      const { sender, ref } = await busy();
      const keyed = asking("two", "merge", { idempotencyKey: "k" });
      await sender.runtime.acceptInput(ref, asking("one", "merge"));
      const merged = await sender.runtime.acceptInput(ref, keyed);

      expect(merged).toMatchObject({ kind: "accepted", status: "coalesced", mergedInto: expect.any(String) });
      expect(await sender.runtime.acceptInput(ref, keyed)).toMatchObject({ kind: "deduplicated", status: "coalesced" });
      const into = (merged as { mergedInto: InputId }).mergedInto;
      expect(await sender.runtime.waitForOutcome(ref, { key: "k" })).toEqual({ kind: "coalesced", into });
    });

    it("queues what cannot be one with what is there", async () => {
      const stage = await busy();
      const { sender, ref } = stage;
      await sender.runtime.acceptInput(ref, asking("one", "merge"));
      await sender.runtime.acceptInput(ref, asking("two", "merge", { source: { type: "system" } }));

      expect(await runOut(stage)).toEqual(["one", "two"]);
    });
  });

  describe("debouncing", () => {
    const debounce: Overlap = { policy: "debounce", windowMs: 2_000, maxWaitMs: 5_000 };

    it("runs the last of a series once the window is over", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      await stage.worker("worker", recording());
      const first = await send(sender, ref, asking("a", debounce));
      await world.advance(1_500);
      await send(sender, ref, asking("ab", debounce));
      await world.advance(1_500);
      expect(await sender.runtime.sessionState(ref)).toMatchObject({ position: 0 });

      await world.advance(1_500);

      expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: ["ab"] });
      expect(await first.completion).toMatchObject({ kind: "superseded" });
    });

    it("waits no longer than the longest wait, however many come", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      await stage.worker("worker", recording());
      for (let n = 1; n <= 5; n += 1) {
        await sender.runtime.acceptInput(ref, asking(`${n}`, debounce));
        await world.advance(1_000);
      }
      await world.advance(1_000);

      expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: ["5"] });
    });
  });

  describe("an input that expires", () => {
    it("ends when its time is over, with or without an executor, and its waiter is told", async () => {
      for (const isBound of [true, false]) {
        const stage = await openStage();
        const { sender, ref, world } = stage;
        await stage.worker("worker", recording());
        if (isBound) await stage.bind();
        else await stage.register();
        const expiresAt = isoOf(world.clock.now() + 5_000);
        const overlap = isBound ? "hold" : "queue";
        const { completion } = await send(sender, ref, asking("late", overlap, { expiresAt }));

        await world.advance(7_000);

        expect(await completion).toEqual({ kind: "abandoned", reason: "expired", attempts: 0 });
        const { items } = await sender.runtime.listEvents(ref, ALL);
        expect(items.at(-1)?.event).toMatchObject({ type: "input.abandoned", reason: "expired" });
      }
    });

    it("is never staged after its time, and stays when it was staged before", async () => {
      const stage = await busy();
      const { sender, ref, world } = stage;
      const expiresAt = isoOf(world.clock.now() + 5_000);
      await send(sender, ref, asking("late", "queue", { expiresAt }));
      await world.advance(6_000);

      expect(await runOut(stage)).toEqual([]);
      expect((await inputsOf(stage)).at(-1)).toMatchObject({ status: "abandoned" });

      const soon = isoOf(world.clock.now() + 1_000);
      await send(sender, ref, asking("in time", "queue", { expiresAt: soon }));
      await world.advance(5_000);
      expect((await inputsOf(stage)).at(-1)).toMatchObject({ status: "staged" });
    });
  });
}
