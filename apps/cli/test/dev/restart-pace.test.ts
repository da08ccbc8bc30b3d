import { describe, expect, it } from "vitest";
import { RestartPace } from "../../src/dev/restart-pace.ts";

describe("RestartPace", () => {
  it("waits longer every time, up to five seconds", () => {
    const pace = new RestartPace(() => 0);

    expect(Array.from({ length: 7 }, () => pace.pauseMs())).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it("begins anew after what lived a while", () => {
    let now = 0;
    const pace = new RestartPace(() => now);
    pace.pauseMs();
    pace.pauseMs();

    pace.begin();
    now += 10_000;

    expect(pace.pauseMs()).toBe(250);
  });
});
