/** The drain of a session's peer inbox, as any caller sees it. */
import { SessionState } from "@holdfast/contracts";
import { desiredDrainMode, drainObligations, stepDrain } from "@holdfast/domain";
import { createTestInbox, peerMessage, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { CommsInbox } from "../../src/index.ts";
import { Door } from "../support/calls.ts";
import { holding } from "../support/executors.ts";
import type { OpenStage, Stage } from "./stage.ts";

export function describeCommsDrain(openStage: OpenStage): void {
  describe("comms drain", () => {
    describeWishes(openStage);
    describeWork(openStage);
    describeEnds(openStage);
    describeObligations(openStage);
  });
}

function describeWishes(openStage: OpenStage): void {
  it("DRN-02 is desired by the session's state, for a session that is kept alive and has an inbox", () => {
    const desired = (isKeepAlive: boolean, hasComms: boolean) =>
      Object.fromEntries(
        SessionState.options.map((state) => [state, desiredDrainMode({ state, hasComms, isKeepAlive })]),
      );
    const none = Object.fromEntries(SessionState.options.map((state) => [state, null]));

    expect(desired(true, true)).toEqual({
      ...none,
      attached: "attached_session",
      running: "attached_session",
      recovering: "attached_session",
      idle: "persistent_host",
    });
    expect([desired(false, true), desired(true, false), desired(false, false)]).toEqual([none, none, none]);
  });

  it("DRN-02 has the mode of its session's state when it is started, and is not started in any other state", async () => {
    const modes: Record<string, unknown> = {};
    for (const state of ["idle", "attached", "running", "retired", "stopped"] as const) {
      const stage = await openStage();
      const { runtime } = stage.sender;
      await stage.register();
      if (state !== "idle") await stage.bind();
      if (state === "running") {
        await stage.worker("worker", holding().executor);
        await runtime.acceptInput(stage.ref, { kind: "prompt", text: "work" });
        await stage.world.settle();
      }
      if (state === "retired") await runtime.retire(stage.ref);
      if (state === "stopped") await runtime.stopRuntimeExecutor(stage.ref);
      expect(await runtime.runtimeState(stage.ref)).toBe(state);

      await runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms: createTestInbox() });
      await stage.world.settle();

      const { phase, mode } = runtime.inspectCommsDrain(stage.ref) ?? {};
      modes[state] = phase === "running" ? mode : null;
    }

    expect(modes).toEqual({
      idle: "persistent_host",
      attached: "attached_session",
      running: "attached_session",
      retired: null,
      stopped: null,
    });
  });

  it("DRN-04 is not started for an idle session that is not kept alive", async () => {
    const stage = await openStage();
    await stage.register();

    await expectNoDrain(stage);
  });

  it("DRN-05 is not started for an attached session that is not kept alive", async () => {
    const stage = await openStage();
    await stage.bind();

    await expectNoDrain(stage);
  });

  it("DRN-08 is refused for an unknown session, which gets no slot", async () => {
    const { sender, world } = await openStage();
    const unknown = sessionRef("nowhere");

    expect(await sender.runtime.updatePeerIngressContext(unknown, { keepAlive: true, comms: createTestInbox() })).toBe(
      false,
    );
    await world.settle();

    expect(sender.runtime.sessionHasComms(unknown)).toBe(false);
    expect(sender.runtime.inspectCommsDrain(unknown)).toBeNull();
    expect(sender.reports.at(-1)?.level).toBe("warn");
  });
}

function describeWork(openStage: OpenStage): void {
  it("DRN-09 takes up a message that arrives between an empty look and the wait [D81]", async () => {
    const stage = await openStage();
    await stage.register();
    const inbox = createTestInbox();
    let looks = 0;
    const late: CommsInbox = {
      ...inbox,
      claim: async () => {
        const candidate = await inbox.claim();
        looks += 1;
        if (candidate === null && looks === 1) inbox.send(peerMessage("just now"));
        return candidate;
      },
    };

    await stage.sender.runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms: late });
    await stage.world.settle();

    expect(await bodies(stage)).toEqual(["just now"]);
    expect(inbox.waiting()).toEqual([]);
  });

  it("DRN-11 reads the new inbox as soon as the old one is replaced [D84]", async () => {
    const stage = await openStage();
    await stage.bind();
    const { runtime } = stage.sender;
    const [first, second] = [createTestInbox(), createTestInbox()];
    expect(await runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms: first })).toBe(true);
    await stage.world.settle();
    second.send(peerMessage("waited in the new one"));

    expect(await runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms: second })).toBe(true);
    await stage.world.settle();
    first.send(peerMessage("too late for the old one"));
    second.send(peerMessage("came to the new one"));
    await stage.world.settle();

    expect(await bodies(stage)).toEqual(["waited in the new one", "came to the new one"]);
    expect(first.waiting()).toHaveLength(1);
  });

  it("DRN-12 delivers what a cancelled drain left, in order and once [D82]", async () => {
    const stage = await openStage();
    await stage.register();
    const { runtime } = stage.sender;
    const inbox = createTestInbox();
    for (const body of ["one", "two", "three", "four"]) inbox.send(peerMessage(body));
    const cancelled: CommsInbox = {
      ...inbox,
      // What it admitted is not committed any more: the next drain meets it again.
      commit: () => {
        if (inbox.waiting().length > 3) return inbox.commit();
        void runtime.abortCommsDrain(stage.ref);
        return new Promise(() => {});
      },
    };

    await runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms: cancelled });
    await stage.world.settle();
    expect(await bodies(stage)).toEqual(["one", "two"]);
    await runtime.waitCommsDrain(stage.ref);
    await runtime.updatePeerIngressContext(stage.ref, { comms: inbox });
    await stage.world.settle();

    expect(await bodies(stage)).toEqual(["one", "two", "three", "four"]);
    expect(inbox.waiting()).toEqual([]);
  });
}

function describeEnds(openStage: OpenStage): void {
  it("DRN-01 stops the executor when it is dismissed, and itself before it is joined", async () => {
    const stage = await openStage();
    await stage.bind();
    const held = holding({ heedsSignal: true });
    await stage.worker("worker", held.executor);
    const { runtime } = stage.sender;
    const inbox = createTestInbox();
    inbox.send(peerMessage("work"));
    await runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms: inbox });
    await stage.world.settle();
    const joined = runtime.waitCommsDrain(stage.ref).then(() => runtime.inspectCommsDrain(stage.ref)?.phase);

    inbox.dismiss();
    await stage.world.settle();

    expect(held.last().turn.signal.aborted).toBe(true);
    expect(await runtime.findSession(stage.ref)).toMatchObject({ state: "stopped", binding: null });
    expect(await joined).toBe("stopped");
    expect(runtime.inspectCommsDrain(stage.ref)).toMatchObject({ phase: "stopped", lastExit: "dismissed" });
    await runtime.waitCommsDrain(stage.ref);
  });

  it("DRN-07 counts as failed when its task died without a word", async () => {
    const stage = await openStage();
    await stage.register();
    const { runtime } = stage.sender;
    const inbox = createTestInbox();
    let die = (): void => {};
    const dying: CommsInbox = {
      ...inbox,
      claim: () =>
        new Promise((_resolve, reject) => {
          die = () => reject(new Error("the transport is gone"));
        }),
    };
    await runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms: dying });
    await stage.world.settle();
    expect(runtime.inspectCommsDrain(stage.ref)).toMatchObject({ phase: "running" });

    const joined = runtime.waitCommsDrain(stage.ref);
    die();
    await joined;

    expect(runtime.inspectCommsDrain(stage.ref)).toMatchObject({ phase: "exited_respawnable", lastExit: "failed" });
  });

  it("DRN-10 is not started again while the session that it was dismissed from is still stopping [D86]", async () => {
    const stage = await openStage();
    await stage.bind();
    const { world, ref } = stage;
    let isStopHeld = true;
    let releaseStop = (): void => {};
    const host = await stage.process("host", {
      wrap: (store) => ({
        ...store,
        control: {
          ...store.control,
          apply: async (command) => {
            if (isStopHeld) {
              await new Promise<void>((resolve) => {
                releaseStop = resolve;
              });
            }
            return store.control.apply(command);
          },
        },
      }),
    });
    const inbox = createTestInbox();
    await host.runtime.updatePeerIngressContext(ref, { keepAlive: true, comms: inbox });
    await world.settle();
    inbox.dismiss();
    await world.settle();
    expect(await stage.sender.runtime.findSession(ref)).toMatchObject({ state: "attached" });

    const elsewhere = await stage.process("elsewhere");
    expect(await elsewhere.runtime.updatePeerIngressContext(ref, { keepAlive: true, comms: createTestInbox() })).toBe(
      false,
    );
    isStopHeld = false;
    releaseStop();
    await world.settle();
    expect(await host.runtime.updatePeerIngressContext(ref, { keepAlive: true, comms: inbox })).toBe(false);
    await world.advance(60_000);

    expect(await stage.sender.runtime.findSession(ref)).toMatchObject({ state: "stopped" });
    for (const { runtime } of [host, elsewhere]) expect(runtime.inspectCommsDrain(ref)?.phase).not.toBe("running");
    expect(host.runtime.inspectCommsDrain(ref)).toMatchObject({ phase: "stopped", lastExit: "dismissed" });
  });

  it("FRM-09 owes no spawn any more when its task ends before it reported one", async () => {
    const stage = await openStage();
    await stage.register();
    const { runtime } = stage.sender;
    const broken: CommsInbox = { ...createTestInbox(), release: () => Promise.reject(new Error("no connection")) };

    expect(await runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms: broken })).toBe(true);
    expect(runtime.inspectCommsDrain(stage.ref)).toMatchObject({ phase: "starting", obligations: ["spawn"] });
    await stage.world.settle();

    expect(runtime.inspectCommsDrain(stage.ref)).toMatchObject({ phase: "exited_respawnable", obligations: [] });
    expect(stepDrain("starting", "task.exited", { hasFailed: true })?.effects).toContain("closeSpawn");
  });

  it("FRM-10 is over with an abort once it is stopped, without further feedback", async () => {
    const stage = await openStage();
    await stage.register();
    const { runtime } = stage.sender;
    await runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms: createTestInbox() });
    await stage.world.settle();

    await runtime.abortCommsDrain(stage.ref);
    const stopped = runtime.inspectCommsDrain(stage.ref);
    await runtime.notifyCommsDrainExited(stage.ref, "aborted");
    await stage.world.settle();

    expect(stopped).toMatchObject({ phase: "stopped", obligations: [] });
    expect(runtime.inspectCommsDrain(stage.ref)).toEqual(stopped);
  });
}

function describeObligations(openStage: OpenStage): void {
  it("FRM-08 owes the spawn from its wish until its task works, and nothing once it was aborted", async () => {
    const stage = await openStage();
    await stage.register();
    const { runtime } = stage.sender;
    const look = () => {
      const { phase, obligations } = runtime.inspectCommsDrain(stage.ref) ?? {};
      return [phase, obligations];
    };
    const seen: unknown[] = [];

    const door = new Door();
    door.close();
    const inbox = createTestInbox();
    // The first thing that a drain does: it gives back what the one before it had claimed.
    const slow: CommsInbox = { ...inbox, release: () => door.pass().then(() => inbox.release()) };
    expect(await runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms: slow })).toBe(true);
    await stage.world.settle();
    seen.push(look());
    door.open();
    await stage.world.settle();
    seen.push(look());
    expect(await runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms: slow })).toBe(false);
    seen.push(look());
    await runtime.abortCommsDrain(stage.ref);
    seen.push(look());
    await stage.world.advance(60_000);
    seen.push(look());

    expect(seen).toEqual([
      ["starting", ["spawn"]],
      ["running", []],
      ["running", []],
      ["stopped", []],
      ["stopped", []],
    ]);
  });

  it("FRM-08 closes the obligation to spawn exactly once, and that to abort by being stopped", () => {
    const closings = (effects: readonly string[]) => effects.filter((effect) => effect === "closeSpawn").length;
    const asked = stepDrain("inactive", "drain.ensure");
    expect(asked).toEqual({ phase: "starting", effects: ["spawnTask"] });
    expect(drainObligations("starting")).toEqual(["spawn"]);

    for (const end of ["task.spawned", "task.exited", "task.aborted", "drain.stop"] as const) {
      const ended = stepDrain("starting", end);

      expect([end, closings(ended?.effects ?? [])]).toEqual([end, 1]);
      expect(drainObligations(ended?.phase ?? "starting")).toEqual([]);
    }
    for (const end of ["task.exited", "task.aborted", "drain.stop"] as const) {
      expect(closings(stepDrain("running", end)?.effects ?? [])).toBe(0);
    }
    expect(stepDrain("running", "drain.stop")).toEqual({ phase: "stopped", effects: ["abortTask"] });
    expect(drainObligations("stopped")).toEqual([]);
  });
}

async function expectNoDrain({ sender, ref, world }: Stage): Promise<void> {
  const inbox = createTestInbox();
  inbox.send(peerMessage("waits"));

  expect(await sender.runtime.updatePeerIngressContext(ref, { keepAlive: false, comms: inbox })).toBe(false);
  await world.settle();

  expect(sender.runtime.sessionHasComms(ref)).toBe(true);
  expect(sender.runtime.inspectCommsDrain(ref)).toMatchObject({ phase: "inactive" });
  expect(inbox.waiting()).toHaveLength(1);
}

/** What peers said, in the order of admission. */
async function bodies({ sender, ref }: Stage): Promise<unknown[]> {
  const { items } = await sender.runtime.listInputs(ref, { after: 0, limit: 100 });
  return items.map(({ input }) => (input.kind === "peer" ? input.body : input.kind));
}
