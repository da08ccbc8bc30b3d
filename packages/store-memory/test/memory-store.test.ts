import type { NodeMessage } from "@holdfast/runtime";
import { completed, createVirtualClock, driveSession, nodeId, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { createMemoryNotifier, createMemoryStore, createMemoryWakeQueue, type SessionImage } from "../src/index.ts";

const ref = sessionRef("chat/42");

describe("memory store", () => {
  it("comes back as it was when a snapshot is restored, on another timeline", async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore({ clock });
    const session = driveSession(store, ref);
    await session.register();
    const { inputId } = await session.accept();
    const batch = await session.stage();
    const [before, snapshot] = [store.inspect(ref), store.snapshot()];
    await session.commit(batch, completed({ state: 1 }));

    store.restore(snapshot);

    expect(store.inspect(ref)).toEqual(before);
    expect(await session.commit(batch, completed({ state: 2 }))).toMatchObject({ position: 1, ack: { timeline: 1 } });
    expect((await session.input(inputId)).status).toBe("consumed");
  });

  it("can be put back to one snapshot as often as needed", async () => {
    const store = createMemoryStore({ clock: createVirtualClock() });
    const session = driveSession(store, ref);
    await session.register();
    const [before, snapshot] = [store.inspect(ref), store.snapshot()];

    for (let n = 0; n < 2; n += 1) {
      await session.accept();
      store.restore(snapshot);
      expect(store.inspect(ref)).toEqual(before);
    }
  });

  it("shows a session as plain JSON, and what is read there cannot change it", async () => {
    const store = createMemoryStore({ clock: createVirtualClock() });
    const session = driveSession(store, ref);
    await session.register();
    await session.accept();
    const image = store.inspect(ref) as SessionImage;

    expect(JSON.parse(JSON.stringify(image))).toEqual(image);
    (image.lanes.queue.places as unknown[]).length = 0;

    expect(store.inspect(ref)?.lanes.queue.places).toHaveLength(1);
    expect(store.inspect(sessionRef("nowhere"))).toBeNull();
  });

  it("is one store for every node that is connected to it", async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore({ clock });
    const other = store.connect();
    await driveSession(store, ref).register();
    const received: NodeMessage[] = [];
    await other.notifier.subscribe(nodeId("other"), {
      onMessage: (message) => received.push(message),
      onGap: () => {},
    });

    store.notifier.publish(nodeId("other"), { type: "session.due", ref });
    await clock.advance(0);
    await store.close();

    expect((await other.directory.find(ref))?.phase).toBe("idle");
    expect(received).toHaveLength(1);
    expect(await other.ping()).toMatchObject({ ack: { level: "memory", timeline: 0 } });
  });
});

describe("memory notifier", () => {
  it("loses what it is told to lose, and tells of a gap when it is mended", async () => {
    const clock = createVirtualClock();
    const hub = createMemoryNotifier({ clock, latencyMs: 5 });
    const notifier = hub.connect();
    const received: string[] = [];
    await notifier.subscribe(nodeId("own"), {
      onMessage: ({ type }) => received.push(type),
      onGap: () => received.push("gap"),
    });
    const send = () => notifier.publish(nodeId("own"), { type: "session.due", ref });

    hub.setDrop(() => true);
    send();
    hub.setDrop(null);
    hub.setHealthy(false);
    send();
    await clock.advance(5);
    expect([received, notifier.isHealthy()]).toEqual([[], false]);
    hub.setHealthy(true);
    send();
    await clock.advance(5);

    expect(received).toEqual(["gap", "session.due"]);
  });
});

describe("memory wake queue", () => {
  it("loses what it is told to lose", async () => {
    const clock = createVirtualClock();
    const hub = createMemoryWakeQueue({ clock });
    const queue = hub.connect();
    const wake = { ref, executor: "agent", epoch: 1 };

    hub.setDrop(() => true);
    await queue.wake(wake);
    expect(hub.waiting()).toBe(0);
    hub.setDrop(null);
    await queue.wake(wake);
    await queue.wake(wake);

    expect(hub.waiting()).toBe(1);
  });
});
