import { describe, expect, it } from "vitest";
import { startHarness } from "./harness.ts";

const params = { sessionId: "chat/42" };
const daily = { ...params, scheduleId: "daily" };
const schedule = { timing: { type: "every", everyMs: 3_600_000 }, input: { kind: "prompt", text: "report" } };

describe("a schedule", () => {
  it("is put, listed, paused, resumed and deleted", async () => {
    const { call } = await startHarness();
    await call("ensureSession", { params });

    const put = await call("putSchedule", { params: daily, body: schedule });
    const listed = await call("listSchedules", { params });
    const paused = await call("pauseSchedule", { params: daily });
    const resumed = await call("resumeSchedule", { params: daily });
    const removed = await call("deleteSchedule", { params: daily });
    const again = await call("deleteSchedule", { params: daily });

    expect(put.body).toMatchObject({ scheduleId: "daily", isPaused: false, catchUp: "one", lastFiring: null });
    expect(listed.body.items).toEqual([put.body]);
    expect(paused.body).toMatchObject({ isPaused: true, nextAt: null });
    expect(resumed.body).toMatchObject({ isPaused: false, nextAt: expect.any(String) });
    expect([removed.body, again.body]).toEqual([{ wasThere: true }, { wasThere: false }]);
    expect((await call("listSchedules", { params })).body.items).toEqual([]);
  });

  it("has the name of its path", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });

    await refuse("putSchedule", "id.invalid", { params: daily, body: { ...schedule, scheduleId: "other" } });
    await refuse("putSchedule", "id.invalid", { params: { ...params, scheduleId: "a b" }, body: schedule });
  });

  it.each([{}, null, { ...schedule, timing: { type: "cron", expression: "never" } }, { ...schedule, surprise: 1 }])(
    "like %j is refused",
    async (body) => {
      const { call, refuse } = await startHarness();
      await call("ensureSession", { params });

      await refuse("putSchedule", "schedule.invalid", { params: daily, body });
    },
  );

  it("that is not there cannot be paused", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });

    await refuse("pauseSchedule", "schedule.not_found", { params: daily });
    await refuse("listSchedules", "session.not_found", { params: { sessionId: "nobody" } });
  });
});
