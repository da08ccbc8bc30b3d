/** Drains in several processes, and through failures. */
import { AppError, DEFAULT_DRAIN_TIMING, type SessionRef } from "@holdfast/contracts";
import { createTestInbox, peerMessage, type TestInbox } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { CommsInbox, Store } from "../src/index.ts";
import { ref, withSession } from "./support/bound-session.ts";
import type { TestProcess, World } from "./support/world.ts";

describe("drains in several processes", () => {
  it("let one of them read the inbox, and another when that one has died [D83]", async () => {
    const { world, first, second, inbox } = await withTwoHosts();
    expect(await wish(first, inbox)).toBe(true);
    expect(await wish(second, inbox)).toBe(false);
    inbox.send(peerMessage("one"));
    await world.settle();
    expect([phaseOf(first), phaseOf(second)]).toEqual(["running", "inactive"]);

    first.kill();
    inbox.send(peerMessage("two"));
    await world.advance(12_000);

    expect(phaseOf(second)).toBe("running");
    expect(await bodies(second)).toEqual(["one", "two"]);
  });

  it("hand the slot on as soon as the one that has it lets go", async () => {
    const { first, second, inbox } = await withTwoHosts();
    await wish(first, inbox);
    await wish(second, inbox);

    await first.runtime.abortCommsDrain(ref);

    expect(await wish(second, inbox)).toBe(true);
  });

  it("read nothing any more when they were frozen for longer than their lease [D83]", async () => {
    const { world, first, second, inbox } = await withTwoHosts();
    let looks = 0;
    const seen: CommsInbox = {
      ...inbox,
      claim: () => {
        looks += 1;
        return inbox.claim();
      },
    };
    await wish(first, seen);
    await wish(second, inbox);
    await world.settle();
    first.freeze();
    await world.advance(12_000);
    expect(phaseOf(second)).toBe("running");
    const before = looks;

    // Its listener is the first thing that runs again, before any timer of the lease.
    inbox.send(peerMessage("late"));
    await world.settle();
    first.thaw();
    await world.advance(1_000);

    expect(looks).toBe(before);
    expect(phaseOf(first)).not.toBe("running");
    expect(await bodies(second)).toEqual(["late"]);
    expect(inbox.waiting()).toEqual([]);
  });

  it("keep what they read for as long as they live [D83]", async () => {
    const { world, first, second, inbox } = await withTwoHosts();
    await wish(first, inbox);
    await wish(second, inbox);

    await world.advance(60_000);

    expect([phaseOf(first), phaseOf(second)]).toEqual(["running", "inactive"]);
  });

  it("go by a wish that was recorded elsewhere, and forget it together", async () => {
    const { world, first, second, inbox } = await withTwoHosts();
    expect(await first.runtime.updatePeerIngressContext(ref, { keepAlive: true })).toBe(false);

    expect(await second.runtime.updatePeerIngressContext(ref, { comms: inbox })).toBe(true);
    await first.runtime.updatePeerIngressContext(ref, { keepAlive: false });
    await world.advance(5_000);

    expect(phaseOf(second)).toBe("stopped");
    expect(await second.runtime.updatePeerIngressContext(ref, { comms: inbox })).toBe(false);
  });

  it("end on request from any process, and are waited for there", async () => {
    const { world, first, second, inbox } = await withTwoHosts();
    await wish(first, inbox);
    await world.settle();

    await second.runtime.abortCommsDrain(ref);
    const ended = second.runtime.waitCommsDrain(ref);
    await world.advance(1_000);
    await ended;
    inbox.send(peerMessage("waits"));
    await world.advance(60_000);

    expect(first.runtime.inspectCommsDrain(ref)).toMatchObject({ phase: "stopped", lastExit: "aborted" });
    expect(inbox.waiting()).toHaveLength(1);
  });

  it("finish a dismissal that another began and died over [D86]", async () => {
    const { world, second, inbox } = await withTwoHosts();
    const dying = await world.start("dying", {
      wrap: (store) => ({ ...store, control: { ...store.control, apply: () => new Promise<never>(() => {}) } }),
    });
    await wish(dying, inbox);
    await world.settle();
    inbox.dismiss();
    await world.settle();
    dying.kill();
    expect(await second.runtime.findSession(ref)).toMatchObject({ state: "attached" });

    expect(await wish(second, createTestInbox())).toBe(false);
    await world.settle();

    expect(await second.runtime.findSession(ref)).toMatchObject({ state: "stopped" });
  });
});

describe("a drain", () => {
  it("waits longer after every failure in a row, and not for ever [D85]", async () => {
    const { world, first, inbox } = await withTwoHosts();
    let looks = 0;
    let isBroken = true;
    const broken: CommsInbox = {
      ...inbox,
      claim: () => {
        looks += 1;
        return isBroken ? Promise.reject(new Error("no connection")) : inbox.claim();
      },
    };
    inbox.send(peerMessage("patience"));
    await wish(first, broken);
    await world.advance(10_000);
    const early = looks;
    expect(early).toBeGreaterThan(3);
    await world.advance(600_000);
    expect(first.runtime.inspectCommsDrain(ref)?.failures).toBeGreaterThan(early);
    expect(looks).toBeLessThan(80);

    isBroken = false;
    await world.advance(DEFAULT_DRAIN_TIMING.backoffCapMs);

    expect(await bodies(first)).toEqual(["patience"]);
    expect(first.runtime.inspectCommsDrain(ref)).toMatchObject({ phase: "running", failures: 0 });
  });

  it("brings a message again whose admission the store did not answer, once [D82]", async () => {
    const { world, inbox } = await withTwoHosts();
    let losses = 2;
    const host = await world.start("unlucky", {
      wrap: (store) => losing(store, () => losses-- > 0),
    });
    for (const body of ["one", "two"]) inbox.send(peerMessage(body));
    await wish(host, inbox);

    await world.advance(30_000);

    expect(await bodies(host)).toEqual(["one", "two"]);
    expect(inbox.waiting()).toEqual([]);
    expect(host.reports.some(({ phrase }) => phrase === "comms drain failed")).toBe(true);
  });

  it("sets aside what can never be admitted, and goes on", async () => {
    const { world, first, inbox } = await withTwoHosts();
    inbox.send({ envelopeId: "env-broken" } as never);
    inbox.send(peerMessage("too long a name", { envelopeId: "e".repeat(300), interactionId: "int-refused" }));
    inbox.send(peerMessage("fine"));

    await wish(first, inbox);
    await world.settle();

    expect(await bodies(first)).toEqual(["fine"]);
    expect(inbox.waiting()).toEqual([]);
    expect(inbox.completed).toContain("int-refused");
    expect(first.reports.filter(({ phrase }) => phrase === "peer message set aside")).toHaveLength(2);
  });

  it("ends when its inbox is taken away", async () => {
    const { world, first, second, inbox } = await withTwoHosts();
    await wish(first, inbox);
    await world.settle();

    expect(await first.runtime.updatePeerIngressContext(ref, { keepAlive: true })).toBe(false);

    expect([first.runtime.sessionHasComms(ref), first.runtime.inspectCommsDrain(ref)]).toEqual([false, null]);
    expect(await wish(second, inbox)).toBe(true);
  });

  it("gives its slot back when nothing came for a long time, and returns for what comes", async () => {
    const { world, first, second, inbox } = await withTwoHosts();
    await wish(first, inbox);
    await world.advance(DEFAULT_DRAIN_TIMING.idleMs + 1_000);
    expect(first.runtime.inspectCommsDrain(ref)).toMatchObject({ phase: "stopped", lastExit: "idle_timeout" });
    expect(await second.runtime.updatePeerIngressContext(ref, { comms: createTestInbox() })).toBe(true);
    await second.runtime.abortCommsDrain(ref);

    inbox.send(peerMessage("anybody there?"));
    await world.settle();

    expect(phaseOf(first)).toBe("running");
    expect(await bodies(first)).toEqual(["anybody there?"]);
  });

  it("leaves its messages where they are when the session takes none, and returns with it", async () => {
    const { world, first, inbox } = await withTwoHosts();
    await wish(first, inbox);
    await world.settle();
    await first.runtime.control(ref, { verb: "retire", requestId: "r1" as never });
    inbox.send(peerMessage("waits"));
    await world.advance(5_000);
    expect([phaseOf(first), inbox.waiting().length]).toEqual(["stopped", 1]);

    await first.runtime.control(ref, { verb: "recycle", requestId: "r2" as never });
    await world.settle();

    expect(phaseOf(first)).toBe("running");
    expect(await bodies(first)).toEqual(["waits"]);
  });

  it("ends with its process: nothing is left running, and the slot is free", async () => {
    const { world, first, second, inbox } = await withTwoHosts();
    await wish(first, inbox);
    await world.settle();

    await first.stop({ graceMs: 0 });

    expect(phaseOf(first)).toBe("stopped");
    expect((await world.store.drains.find(ref))?.holder).toBeNull();
    expect(await wish(first, inbox)).toBe(false);
    expect(await wish(second, inbox)).toBe(true);
  });

  it("ends for an unregistration, wherever it is, which waits for it and forgets its inbox", async () => {
    const { world, first, second, inbox } = await withTwoHosts();
    await wish(first, inbox);
    await wish(second, inbox);
    await world.settle();

    const removal = second.runtime.unregisterSession(ref);
    await world.advance(1_000);

    expect(await removal).toMatchObject({ wasRegistered: true, obligations: { drain: "closed" } });
    expect(phaseOf(first)).toBe("stopped");
    expect(second.runtime.sessionHasComms(ref)).toBe(false);
    inbox.send(peerMessage("nobody there"));
    await world.advance(60_000);
    expect(inbox.waiting()).toHaveLength(1);
    expect(await wish(first, inbox)).toBe(false);
  });

  it("comes back with an inbox that is handed in after the session was registered again", async () => {
    const { world, first, inbox } = await withTwoHosts();
    await wish(first, inbox);
    await world.settle();
    const removal = first.runtime.unregisterSession(ref);
    await world.advance(1_000);
    await removal;
    await world.settle();
    expect(first.runtime.sessionHasComms(ref)).toBe(false);

    await first.runtime.registerSession(ref);

    expect(await wish(first, inbox)).toBe(true);
  });

  it("is forgotten with a session that is destroyed", async () => {
    const { world, first, inbox } = await withTwoHosts();
    await wish(first, inbox);
    await world.settle();

    await first.runtime.control(ref, { verb: "destroy", requestId: "r1" as never });
    await world.settle();

    expect(first.runtime.sessionHasComms(ref)).toBe(false);
    expect(first.runtime.inspectCommsDrain(ref)).toBeNull();
  });

  it("reports an end that is told from outside as its own, and comes back after a failure", async () => {
    const { world, first, inbox } = await withTwoHosts();
    await wish(first, inbox);
    await world.settle();

    await first.runtime.notifyCommsDrainExited(ref, "failed");
    expect(first.runtime.inspectCommsDrain(ref)).toMatchObject({ lastExit: "failed", failures: 1 });
    await world.advance(5_000);

    expect(phaseOf(first)).toBe("running");
  });
});

async function withTwoHosts() {
  const { world } = await withSession();
  const [first, second] = [await world.start("first"), await world.start("second")];
  return { world: world as World, first, second, inbox: createTestInbox() };
}

function wish(host: TestProcess, inbox: TestInbox | CommsInbox): Promise<boolean> {
  return host.runtime.updatePeerIngressContext(ref, { keepAlive: true, comms: inbox });
}

function phaseOf(host: TestProcess) {
  return host.runtime.inspectCommsDrain(ref)?.phase;
}

async function bodies(host: TestProcess, of: SessionRef = ref): Promise<unknown[]> {
  const { items } = await host.runtime.listInputs(of, { after: 0, limit: 100 });
  return items.map(({ input }) => (input.kind === "peer" ? input.body : input.kind));
}

/** A store that carries an admission out and loses the answer. */
function losing(store: Store, isLost: () => boolean): Store {
  return {
    ...store,
    ledger: {
      ...store.ledger,
      admit: async (command) => {
        const reply = await store.ledger.admit(command);
        if (isLost()) throw new AppError("store.unavailable");
        return reply;
      },
    },
  };
}
