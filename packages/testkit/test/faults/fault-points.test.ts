import { createMemoryStore } from "@holdfast/store-memory";
import { describe, expect, it } from "vitest";
import {
  admitCommand,
  CALL_STAGES,
  createIds,
  createVirtualClock,
  driveSession,
  FAULT_POINTS,
  FAULTY_OPERATIONS,
  faultyControl,
  faultyJournal,
  faultyLedger,
  faultyWakeQueue,
  sessionRef,
  strikeAt,
} from "../../src/index.ts";

const ref = sessionRef("chat/42");

async function openSession() {
  const store = createMemoryStore({ clock: createVirtualClock() });
  const session = driveSession(store, ref);
  await session.register();
  return { store, session };
}

describe("fault points", () => {
  it("name every operation at every stage, and the executor, the wake and the journal", () => {
    const calls = FAULTY_OPERATIONS.flatMap((operation) => CALL_STAGES.map((stage) => `${operation}.${stage}`));

    expect([...FAULT_POINTS.keys()]).toEqual([
      ...calls,
      "executor.start",
      "executor.mid",
      "executor.end",
      "wake.before_add",
      "wake.after_add",
      "journal.before",
      "journal.after",
    ]);
  });

  it("lose a request before the store sees it", async () => {
    const { store } = await openSession();
    const ledger = faultyLedger(store.ledger, strikeAt("admit.before_send", [1]));

    await expect(ledger.admit(admitCommand(ref, createIds()))).rejects.toMatchObject({ code: "store.unavailable" });

    expect((await store.directory.find(ref))?.admitted).toBe(0);
  });

  it("lose a reply after the store has acted, so that the repeat finds its first answer", async () => {
    const { store } = await openSession();
    const ledger = faultyLedger(store.ledger, strikeAt("admit.after_apply_before_reply", [1]));
    const command = admitCommand(ref, createIds(), { key: "a" });

    await expect(ledger.admit(command)).rejects.toMatchObject({ code: "store.unavailable" });

    expect(await ledger.admit(command)).toMatchObject({ kind: "deduplicated", admission: 1 });
  });

  it("strike at the visits they are told to, and at no other point", async () => {
    const { store, session } = await openSession();
    const ledger = faultyLedger(store.ledger, strikeAt("sweep.before_send", [2]));

    await ledger.sweep(1);
    await expect(ledger.sweep(1)).rejects.toMatchObject({ code: "store.unavailable" });
    await ledger.sweep(1);

    expect((await session.accept()).admission).toBe(1);
  });

  it("tell a settlement that lets go from one that goes on", async () => {
    const { store, session } = await openSession();
    await session.accept();
    await session.accept();
    const faulty = driveSession(
      { ...store, ledger: faultyLedger(store.ledger, strikeAt("release.before_send", [1])) },
      ref,
      session.ids,
    );

    const next = await faulty.stageNext(await faulty.stage());

    await expect(faulty.commit(next)).rejects.toMatchObject({ code: "store.unavailable" });
  });

  it("hang for ever when the process is to have died", async () => {
    const { store } = await openSession();
    const ledger = faultyLedger(store.ledger, strikeAt("claim.after_reply", [1], "hang"));
    let isAnswered = false;

    void ledger.admit(admitCommand(ref, createIds()));
    void driveSession({ ...store, ledger }, ref)
      .claim()
      .finally(() => {
        isAnswered = true;
      });
    await createVirtualClock().advance(1);

    expect(isAnswered).toBe(false);
    expect((await store.directory.find(ref))?.hasRun).toBe(true);
  });

  it("reach the control plane, the journal and the wake queue", async () => {
    const { store, session } = await openSession();
    await session.accept();
    const { fence } = await session.stage();
    const control = faultyControl(store.control, strikeAt("control.after_apply_before_reply", [1]));
    const journal = faultyJournal(store.journal, strikeAt("journal.after", [1]));
    const queue = faultyWakeQueue(
      { wake: async () => {}, consume: async () => {}, stopConsuming: async () => {}, close: async () => {} },
      strikeAt("wake.before_add", [1]),
    );
    const step = { ref, fence, index: 1, key: "a", value: "1" };

    await expect(journal.settle(step)).rejects.toMatchObject({ code: "store.unavailable" });
    expect(await journal.settle({ ...step, value: "2" })).toEqual({ kind: "settled", value: "1" });
    await expect(queue.wake({ ref, executor: "agent", epoch: 1 })).rejects.toMatchObject({ code: "store.unavailable" });
    const command = { ref, verb: "retire", requestId: session.ids.request() } as const;
    await expect(control.apply(command)).rejects.toMatchObject({ code: "store.unavailable" });
    expect(await control.apply(command)).toMatchObject({ kind: "applied", isRepeat: true });
  });
});
