import { AppError, type Holdfast } from "holdfast";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ControlFire } from "../../src/demo/control-fire.ts";

afterEach(() => vi.useRealTimers());

/** A runtime that notes what it is asked, and answers as it is told. */
function firing(seed: number, answer: () => void = () => {}) {
  vi.useFakeTimers();
  const shots: string[] = [];
  const note = async (session: string, verb: string) => {
    shots.push(`${verb} ${session}`);
    answer();
  };
  const holdfast = {
    session: (sessionId: string) => ({ ref: { sessionId } }),
    runtime: {
      control: (ref: { sessionId: string }, { verb }: { verb: string }) => note(ref.sessionId, verb),
      interruptCurrentRun: (ref: { sessionId: string }) => note(ref.sessionId, "interrupt"),
    },
  } as unknown as Holdfast;
  const faults: unknown[] = [];
  const choose = (fraction: number) => (fraction < 0.9 ? `s${Math.floor(fraction * 10)}` : null);
  const fire = new ControlFire({ holdfast, seed, everyMs: 3, choose, onFault: (error) => faults.push(error) });
  return { fire, shots, faults };
}

async function shotsOf(seed: number): Promise<readonly string[]> {
  const { fire, shots } = firing(seed);
  await vi.advanceTimersByTimeAsync(300);
  await fire.stop();
  return shots;
}

describe("control verbs under way", () => {
  it("are the same for the same seed, and others for another", async () => {
    const first = await shotsOf(7);

    expect(await shotsOf(7)).toEqual(first);
    expect(await shotsOf(8)).not.toEqual(first);
    expect(new Set(first.map((shot) => shot.split(" ")[0]))).toEqual(new Set(["interrupt", "recycle", "recover"]));
    expect(first.length).toBeGreaterThan(80);
  });

  it("count what was refused apart, and tell of what may not happen", async () => {
    const answers: (() => void)[] = [
      () => {
        throw new AppError("control.refused");
      },
      () => {
        throw new AppError("run.not_current");
      },
      () => {
        throw new AppError("store.unavailable");
      },
      () => {
        throw new AppError("session.destroyed");
      },
    ];
    const { fire, faults } = firing(7, () => answers.shift()?.());
    await vi.advanceTimersByTimeAsync(300);
    await fire.stop();

    const refused = Object.values(fire.counts).reduce((sum, counts) => sum + counts.refused, 0);
    expect(refused).toBe(2);
    expect(faults).toEqual([expect.objectContaining({ code: "session.destroyed" })]);
  });
});
