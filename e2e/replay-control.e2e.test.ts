import { expect, it } from "vitest";
import { everySessionIsRight, runCommitsDemo, SLOW_MACHINE_MS } from "./support/run-commits-demo.ts";

const seed = Number(process.env["HOLDFAST_CONTROL_SEED"] ?? 1 + Math.floor(Math.random() * 1_000_000));

it(
  `keeps order, fences, receipts and outcomes of 13,541 messages under control verbs, seed ${seed} (G1, G3, G4, G5, G6)`,
  async () => {
    const { tally, verdict, kills, control } = await runCommitsDemo({ hasRedisKill: false, controlSeed: seed });

    // Every message was folded once, in the order of what was acknowledged; what was cancelled was sent again.
    expect(verdict).toEqual(everySessionIsRight);
    expect(tally).toMatchObject({ read: 13_541, bad: 0, done: 13_541, failed: 0 });
    expect(control).toMatchObject({ seed, faults: [], faultySessions: 0, cancelled: tally.resent });
    expect(tally.admitted).toBe(13_541 + tally.resent);
    // The proof is worth something only if there was interference.
    expect(kills).toBeGreaterThanOrEqual(1);
    expect(tally.resent).toBeGreaterThan(100);
    for (const { applied } of Object.values(control?.verbs ?? {})) expect(applied).toBeGreaterThan(10);
  },
  SLOW_MACHINE_MS,
);
