/** The suite of the `Notifier` port. */
import type { NodeMessage, Notifier } from "@holdfast/runtime";
import { describe, expect, it, vi } from "vitest";
import { nodeId, sessionRef } from "../fixtures/ids.ts";

/** Processes that can tell each other things. */
export interface NotifiersUnderTest {
  /** The notifier of one more process. */
  connect(): Promise<Notifier>;
  /** Lets time pass for messages to travel. */
  advanceTime(ms: number): Promise<void>;
  close(): Promise<void>;
}

const ref = sessionRef("chat/42");

const MESSAGES: readonly NodeMessage[] = [
  { type: "session.due", ref },
  { type: "run.attend", ref },
  { type: "run.abort", ref, runId: "run_00000001" as never, reason: "stopped" },
  { type: "input.settled", ref, inputId: "inp_00000001" as never },
  {
    type: "input.settled",
    ref: sessionRef("ünïcödé 🙂", "a:b"),
    inputId: "inp_00000001" as never,
    outcome: { kind: "completed", runId: "run_00000001" as never, position: 1, output: { text: "a\nb" } },
  },
  { type: "session.changed", ref, cursor: 7 },
  { type: "drain.abort", ref },
];

/** Proves what every notifier promises. */
export function describeNotifier(open: () => Promise<NotifiersUnderTest>): void {
  describe("notifier", () => {
    it("delivers what is addressed to a process, unchanged and in the order of sending", async () => {
      const notifiers = await open();
      const sender = await notifiers.connect();
      const receiver = await listen(notifiers, "receiver");

      for (const message of MESSAGES) sender.publish(nodeId("receiver"), message);

      await eventually(notifiers, () => expect(receiver.messages).toEqual(MESSAGES));
      await notifiers.close();
    });

    it("delivers nothing to others", async () => {
      const notifiers = await open();
      const sender = await notifiers.connect();
      const receiver = await listen(notifiers, "receiver");
      const other = await listen(notifiers, "other");

      sender.publish(nodeId("receiver"), { type: "session.due", ref });
      sender.publish(nodeId("nobody"), { type: "session.due", ref });
      // What was sent last arrives last, so what is not there by then does not come.
      sender.publish(nodeId("other"), { type: "run.attend", ref });

      await eventually(notifiers, () => expect(other.messages).toEqual([{ type: "run.attend", ref }]));
      await eventually(notifiers, () => expect(receiver.messages).toEqual([{ type: "session.due", ref }]));
      await notifiers.close();
    });

    it("delivers to the process itself", async () => {
      const notifiers = await open();
      const own = await listen(notifiers, "own");

      own.notifier.publish(nodeId("own"), { type: "session.due", ref });

      await eventually(notifiers, () => expect(own.messages).toEqual([{ type: "session.due", ref }]));
      await notifiers.close();
    });

    it("knows that messages arrive once it listens", async () => {
      const notifiers = await open();

      const { notifier } = await listen(notifiers, "own");

      expect(notifier.isHealthy()).toBe(true);
      await notifiers.close();
    });

    it("delivers nothing after it was closed, and still does not throw", async () => {
      const notifiers = await open();
      const sender = await listen(notifiers, "sender");
      const gone = await listen(notifiers, "gone");
      await gone.notifier.close();

      sender.notifier.publish(nodeId("gone"), { type: "session.due", ref });
      sender.notifier.publish(nodeId("sender"), { type: "run.attend", ref });

      await eventually(notifiers, () => expect(sender.messages).toEqual([{ type: "run.attend", ref }]));
      expect(gone.messages).toEqual([]);
      await notifiers.close();
    });
  });
}

async function listen(notifiers: NotifiersUnderTest, name: string) {
  const notifier = await notifiers.connect();
  const messages: NodeMessage[] = [];
  await notifier.subscribe(nodeId(name), { onMessage: (message) => messages.push(message), onGap: () => {} });
  return { notifier, messages };
}

async function eventually(notifiers: NotifiersUnderTest, check: () => void): Promise<void> {
  // Between processes there is no moment at which a message must have arrived.
  await vi.waitFor(
    async () => {
      await notifiers.advanceTime(1);
      check();
    },
    { timeout: 5_000, interval: 5 },
  );
}
