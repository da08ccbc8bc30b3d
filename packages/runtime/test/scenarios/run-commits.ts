/** Commits that go wrong: unheard, never applied, or sent by who lost the session. */
import { describe, expect, it } from "vitest";
import { unavailable } from "../support/bound-session.ts";
import { withLedger } from "../support/calls.ts";
import { type HeldExecutor, holding, textsOf } from "../support/executors.ts";
import { send } from "../support/send.ts";
import { attended, stateOf } from "./run-loop.ts";
import type { OpenStage } from "./stage.ts";

const ALL = { after: 0, limit: 100 };

/** Proves the scenarios of commits on a store. */
export function describeRunCommits(openStage: OpenStage): void {
  describe("a completed run that is not committed", () => {
    describeCommits(openStage);
  });
  describe("two processes", () => {
    describeTwo(openStage);
  });
}

/** A worker that is not answered while the switch is on; its settlements are lost before or after they are carried out. */
function cutting(when: "before" | "after") {
  const cut = { isOn: false, sent: 0 };
  const unless = <T>(call: () => Promise<T>) => (cut.isOn ? unavailable() : call());
  const wrap = withLedger((ledger) => ({
    advance: async (command) => {
      cut.sent += 1;
      if (when === "before") return unless(() => ledger.advance(command));
      const reply = await ledger.advance(command);
      return unless(async () => reply);
    },
    claim: async (command) => unless(() => ledger.claim(command)),
    renew: async (holds) => unless(() => ledger.renew(holds)),
    sweep: async (limit) => unless(() => ledger.sweep(limit)),
  }));
  return { cut, wrap };
}

function describeCommits(openStage: OpenStage): void {
  /** Two inputs, the first of which has completed when the store goes away. */
  async function cutOff(when: "before" | "after") {
    const charged: string[] = [];
    const { stage, turns, host } = await attended(openStage, async (turn) => {
      const [text] = textsOf(turn);
      await turn.step("charge", () => charged.push(text as string));
      if (text === "one") cut.isOn = turn.attempt === 1;
      return {
        kind: "completed",
        state: [...((turn.state ?? []) as string[]), text],
        output: `${text} ${turn.attempt}`,
      };
    });
    const { cut, wrap } = cutting(when);
    const sent = [await send(stage.sender, stage.ref, "one"), await send(stage.sender, stage.ref, "two")] as const;
    const worker = await stage.worker("worker", host, { wrap });
    return { stage, turns, charged, cut, worker, sent };
  }

  it.each(["before", "after"] as const)(
    "RUN-11 is sent again until it is answered: its turn is not replayed (%s)",
    async (when) => {
      const { stage, turns, charged, cut, sent } = await cutOff(when);
      await stage.world.advance(1_000);
      expect(cut.sent).toBeGreaterThan(1);
      expect(turns).toEqual(["one"]);

      cut.isOn = false;
      await stage.world.advance(1_000);

      expect(turns).toEqual(["one", "two"]);
      expect(charged).toEqual(["one", "two"]);
      for (const [at, name] of ["one", "two"].entries()) {
        expect(await sent[at]?.completion).toMatchObject({ kind: "completed", output: `${name} 1` });
      }
    },
  );

  it("RUN-11 was applied, and its worker never hears of it: not replayed, its waiter is told, the next hold begins anew", async () => {
    const { stage, turns, charged, cut, worker, sent } = await cutOff("after");
    await stage.world.advance(stage.world.timing.leaseMs);
    expect(worker.worker?.held).toBe(0);
    expect(worker.reports).toContainEqual(expect.objectContaining({ phrase: "settlement refused" }));

    cut.isOn = false;
    await stage.world.advance(20_000);

    expect(turns).toEqual(["one", "two"]);
    expect(charged).toEqual(["one", "two"]);
    expect(await sent[0].completion).toMatchObject({ kind: "completed", output: "one 1" });
    expect(await stateOf(stage, sent[0])).toMatchObject({ status: "consumed", attempts: 1, losses: 0 });
    expect(await stateOf(stage, sent[1])).toMatchObject({ status: "consumed", failures: 0 });
    expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: ["one", "two"], position: 2 });
  });

  it("RUN-11 was never applied before its hold was over: run again with its journal, and only what is committed is told", async () => {
    const { stage, turns, charged, cut, worker, sent } = await cutOff("before");
    let told = 0;
    void sent[0].completion.then(() => (told += 1));
    await stage.world.advance(stage.world.timing.leaseMs);
    expect(worker.worker?.held).toBe(0);
    expect(await stateOf(stage, sent[0])).toMatchObject({ status: "staged" });
    expect(told).toBe(0);

    cut.isOn = false;
    await stage.world.advance(20_000);

    expect(turns).toEqual(["one", "one", "two"]);
    expect(charged).toEqual(["one", "two"]);
    expect(await sent[0].completion).toMatchObject({ kind: "completed", output: "one 2" });
    expect(await stateOf(stage, sent[0])).toMatchObject({ status: "consumed", attempts: 2, losses: 1, failures: 0 });
    expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: ["one", "two"], position: 2 });
  });
}

function describeTwo(openStage: OpenStage): void {
  it("RUN-15 that try to run one session have one run between them, and who lost it commits nothing", async () => {
    const stage = await openStage();
    await stage.bind();
    const sent = await send(stage.sender, stage.ref, "one");
    const hosts = [holding(), holding()] as const;
    const workers = [await stage.worker("a", hosts[0].executor), await stage.worker("b", hosts[1].executor)] as const;
    for (const { worker } of workers) void worker?.run(stage.ref);
    await stage.world.advance(5_000);
    expect(hosts.map(({ turns }) => turns.length).toSorted((one, other) => one - other)).toEqual([0, 1]);
    const holder = hosts[0].turns.length === 1 ? 0 : 1;
    const [old, next] = [hosts[holder], hosts[1 - holder]] as [HeldExecutor, HeldExecutor];

    workers[holder].freeze();
    await stage.world.advance(20_000);
    expect(next.turns).toHaveLength(1);
    workers[holder].thaw();
    old.last().answer({ kind: "completed", state: "stale", output: "stale" });
    await stage.world.advance(2_000);
    expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: null, position: 0 });
    expect(next.last().turn.signal.aborted).toBe(false);
    next.last().answer({ kind: "completed", state: "current", output: "current" });
    await stage.world.advance(2_000);

    expect(await sent.completion).toMatchObject({ kind: "completed", output: "current" });
    expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: "current", position: 1 });
    expect((await stage.sender.runtime.listReceipts(stage.ref, ALL)).items).toHaveLength(1);
    expect(workers[holder].reports).toContainEqual(expect.objectContaining({ phrase: "settlement refused" }));
  });
}
