/** Inputs at planned times. */
import { isoOf, type NewSchedule, type RequestId, type ScheduleView } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { holding, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import type { OpenStage, Stage } from "./stage.ts";

const MINUTE = 60_000;
const ALL = { after: 0, limit: 500 };

function everyMinute(fields: Partial<NewSchedule> = {}): NewSchedule {
  return {
    scheduleId: "tick",
    timing: { type: "every", everyMs: MINUTE },
    input: { kind: "prompt", text: "tick" },
    ...fields,
  };
}

/** Proves schedules on a store. */
export function describeSchedules(openStage: OpenStage): void {
  async function bound(): Promise<Stage> {
    const stage = await openStage();
    await stage.bind();
    return stage;
  }

  async function textsOf({ sender, ref }: Stage): Promise<unknown> {
    return (await sender.runtime.sessionState(ref)).state;
  }

  async function only({ sender, ref }: Stage): Promise<ScheduleView> {
    const [view] = await sender.runtime.listSchedules(ref);
    if (view === undefined) throw new Error("there is no schedule");
    return view;
  }

  const request = (name: string) => ({ requestId: name as RequestId });

  describe("a schedule", () => {
    it("sends its input at every planned time, under a key that follows from it", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      await stage.worker("worker", recording());
      const started = world.clock.now();
      const { nextAt } = await sender.runtime.putSchedule(ref, everyMinute());
      expect(nextAt).toBe(isoOf(started + MINUTE));

      await world.advance(3 * MINUTE + 5_000);

      expect(await textsOf(stage)).toEqual(["tick", "tick", "tick"]);
      const { items } = await sender.runtime.listInputs(ref, ALL);
      expect(items.map(({ input }) => input.idempotencyKey)).toEqual(
        [1, 2, 3].map((n) => `tick@${isoOf(started + n * MINUTE)}`),
      );
      expect(await only(stage)).toMatchObject({ lastFiring: { result: "accepted" }, refused: 0, skipped: 0 });
    });

    it("is forgotten without a word when its session is removed while it fires", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      await sender.runtime.putSchedule(ref, everyMinute());
      const worker = await stage.worker("worker", recording(), {
        // Right after it has fired, and before that is noted.
        wrap: (store) => ({
          ...store,
          ledger: {
            ...store.ledger,
            admit: async (command) => {
              const reply = await store.ledger.admit(command);
              await sender.runtime.destroy(ref);
              return reply;
            },
          },
        }),
      });

      await world.advance(MINUTE + 5_000);

      expect(await sender.runtime.runtimeState(ref)).toBe("destroyed");
      expect(worker.reports.filter(({ phrase }) => phrase === "sweep failed")).toEqual([]);
      expect(await world.store.ledger.sweep(10)).toEqual([]);
    });

    it("is one row however often it is put, and fires once however many workers look [L9]", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      for (const name of ["one", "two", "three"]) await stage.worker(name, recording());
      const puts = await Promise.all(Array.from({ length: 8 }, () => sender.runtime.putSchedule(ref, everyMinute())));

      await world.advance(MINUTE + 5_000);

      expect(new Set(puts.map(({ nextAt }) => nextAt)).size).toBe(1);
      expect(await sender.runtime.listSchedules(ref)).toHaveLength(1);
      expect(await textsOf(stage)).toEqual(["tick"]);
    });

    it("follows a cron expression", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      await stage.worker("worker", recording());
      const timing = { type: "cron", expression: "*/2 * * * *" } as const;
      await sender.runtime.putSchedule(ref, everyMinute({ timing }));

      await world.advance(4 * MINUTE + 5_000);

      expect(await textsOf(stage)).toHaveLength(2);
    });

    it("fires during a run, by the overlap policy of its input [L10]", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      const host = holding();
      await stage.worker("worker", host.executor);
      await sender.runtime.acceptInput(ref, { kind: "prompt", text: "long" });
      await world.settle();
      await sender.runtime.putSchedule(ref, everyMinute({ input: { kind: "prompt", text: "tick", overlap: "drop" } }));

      await world.advance(MINUTE + 5_000);

      expect(await only(stage)).toMatchObject({ refused: 1, lastFiring: { result: "refused", reason: "busy" } });
      host.last().answer();
    });

    const downtimes = [
      ["skip", 0, 60],
      ["one", 1, 59],
      ["all", 60, 0],
    ] as const;

    it.each(downtimes)("catches up after downtime as it says: %s", async (catchUp, fired, skipped) => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      await sender.runtime.putSchedule(ref, everyMinute({ catchUp }));
      await world.advance(60 * MINUTE + 40_000);
      await stage.worker("worker", recording());

      await world.advance(10_000);

      expect((await sender.runtime.listInputs(ref, ALL)).items).toHaveLength(fired);
      expect(await only(stage)).toMatchObject({ skipped });
    });

    it("stays silent while it is paused, and goes on from when it is resumed", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      await stage.worker("worker", recording());
      await sender.runtime.putSchedule(ref, everyMinute({ catchUp: "all" }));

      expect(await sender.runtime.pauseSchedule(ref, "tick")).toMatchObject({ isPaused: true, nextAt: null });
      await world.advance(10 * MINUTE);
      expect(await textsOf(stage)).toBeNull();
      await sender.runtime.resumeSchedule(ref, "tick");
      await world.advance(MINUTE + 5_000);

      expect(await textsOf(stage)).toEqual(["tick"]);
    });

    it("fires no more once it is deleted", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      await stage.worker("worker", recording());
      await sender.runtime.putSchedule(ref, everyMinute());

      expect(await sender.runtime.deleteSchedule(ref, "tick")).toBe(true);
      expect(await sender.runtime.deleteSchedule(ref, "tick")).toBe(false);
      await world.advance(5 * MINUTE);

      expect(await textsOf(stage)).toBeNull();
    });

    it("outlives a reset; a stopped session holds it, which is noted once, and it catches up at once [L11]", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      await stage.worker("worker", recording());
      await sender.runtime.putSchedule(ref, everyMinute());
      await sender.runtime.control(ref, { verb: "reset", ...request("a") });
      await sender.runtime.control(ref, { verb: "stop", ...request("b") });

      await world.advance(3 * MINUTE + 35_000);

      expect(await only(stage)).toMatchObject({
        heldBy: "stopped",
        refused: 1,
        lastFiring: { result: "refused", reason: "session.not_accepting: stopped" },
      });
      await stage.bind();
      await world.advance(5_000);
      // The latest of the three that were missed.
      expect(await textsOf(stage)).toEqual(["tick"]);
      expect(await only(stage)).toMatchObject({ heldBy: null, skipped: 2, lastFiring: { result: "accepted" } });
      await world.advance(MINUTE);
      expect(await textsOf(stage)).toHaveLength(2);
    });

    it("is held while its session is retired, and catches up when that is recycled", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      const worker = await stage.worker("worker", recording());
      await sender.runtime.putSchedule(ref, everyMinute({ catchUp: "all" }));
      await sender.runtime.control(ref, { verb: "retire", ...request("a") });
      await world.advance(3 * MINUTE + 5_000);
      expect(await only(stage)).toMatchObject({ heldBy: "retired", refused: 1 });
      expect(worker.reports.filter(({ phrase }) => phrase === "schedule held")).toHaveLength(1);

      await sender.runtime.control(ref, { verb: "recycle", ...request("b") });
      await world.advance(5_000);

      expect(await textsOf(stage)).toHaveLength(3);
      expect(await only(stage)).toMatchObject({ heldBy: null, refused: 1, skipped: 0 });
    });

    it("goes with its session, and nobody looks for it any more [L11]", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      const worker = await stage.worker("worker", recording());
      await sender.runtime.putSchedule(ref, everyMinute());
      await sender.runtime.control(ref, { verb: "destroy", ...request("a") });

      await world.advance(5 * MINUTE);

      expect(await rejection(sender.runtime.listSchedules(ref))).toMatchObject({ code: "session.destroyed" });
      expect(worker.reports.filter(({ level }) => level !== "debug")).toEqual([]);
    });

    it.each<[string, Partial<NewSchedule>]>([
      ["an expression that is none", { timing: { type: "cron", expression: "often" } }],
      ["a time that never comes", { timing: { type: "cron", expression: "0 0 30 2 *" } }],
      ["an unknown time zone", { timing: { type: "cron", expression: "* * * * *", timezone: "No/Where" } }],
      ["an input with a key", { input: { kind: "prompt", text: "x", idempotencyKey: "k" as never } }],
      ["an id that would not do in a path", { scheduleId: "a/b" }],
    ])("is refused with %s", async (_name, fields) => {
      const { sender, ref } = await bound();

      const error = await rejection(sender.runtime.putSchedule(ref, everyMinute(fields)));

      expect(error).toMatchObject({ code: "schedule.invalid" });
    });
  });
}
