/** The suite of the `Deliveries` port; its promises are D61 to D65. */
import { type DeliveryId, DeliverySubmission, KEPT_DELIVERIES, type SessionRef } from "@holdfast/contracts";
import type { Deliveries } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { sessionRef } from "../fixtures/ids.ts";
import { type StoreFactory, type StoreUnderTest, withSession } from "./store-under-test.ts";

const ref = sessionRef("nobody's");
const DONE = { kind: "acknowledged" } as const;

/** A submission; the same words make the same one. */
export function submission(deliveryId: string, payload = "done", sourceSequence = 1): DeliverySubmission {
  const source = { sourceId: "job/7", sourceSequence, lineageId: "chat/42#1" };
  return DeliverySubmission.parse({ deliveryId, kind: "job_terminal", ...source, payload });
}

/** Proves what every store promises of delivery inboxes. */
export function describeDeliveries(openStore: StoreFactory): void {
  describe("deliveries", () => {
    const test = (body: (inbox: Inbox) => Promise<void>) => () => withStore(openStore, body);
    it("are numbered without gaps, each id once, for a session that does not exist [D61]", test(numbered));
    it("get one number however many submit one at once [D61]", test(submittedAtOnce));
    it("are a conflict when an id comes with anything else [D62]", test(conflicting));
    it("are applied in order, each once [D63]", test(inOrder));
    it("keep what became of them, and of the old ones nothing but their identity [D62]", test(trimmed));
    it("are due while their session exists, and when it is registered [D65]", test(due));
    it("of one session are none of another's [D61]", test(apart));
    it(
      "outlive their session: nothing that ends it touches them [D62]",
      withSession(openStore, async (session) => {
        const { deliveries } = session.store;
        await submitTo(deliveries, session.ref, "a");
        await session.apply("destroy");
        await session.settleChores();

        expect(await deliveries.pending(session.ref, 10)).toMatchObject({ committed: 1, applied: 0 });
        expect(await submitTo(deliveries, session.ref, "a")).toEqual({ kind: "reused", sequence: 1 });
      }),
    );
  });
}

interface Inbox extends Omit<StoreUnderTest, "advanceTime"> {
  readonly deliveries: Deliveries;
  readonly advanceTime: (ms: number) => Promise<void>;
  readonly submit: (id: string, payload?: string) => ReturnType<Deliveries["submit"]>;
  readonly apply: (id: string) => ReturnType<Deliveries["markApplied"]>;
}

async function withStore(openStore: StoreFactory, body: (inbox: Inbox) => Promise<void>): Promise<void> {
  const store = await openStore();
  const { deliveries } = store.ports;
  try {
    await body({
      ...store,
      advanceTime: (ms) => store.advanceTime(ms),
      deliveries,
      submit: (id, payload) => submitTo(deliveries, ref, id, payload),
      apply: (id) => deliveries.markApplied({ ref, deliveryId: id as DeliveryId, disposition: DONE }),
    });
  } finally {
    await store.close();
  }
}

function submitTo(deliveries: Deliveries, to: SessionRef, id: string, payload = "done") {
  return deliveries.submit({ ref: to, submission: submission(id, payload), digest: `digest of ${payload}` });
}

async function numbered({ submit, deliveries }: Inbox): Promise<void> {
  const sent = [await submit("a"), await submit("b b"), await submit("a"), await submit("c")];

  expect(sent).toEqual([
    { kind: "committed", sequence: 1 },
    { kind: "committed", sequence: 2 },
    { kind: "reused", sequence: 1 },
    { kind: "committed", sequence: 3 },
  ]);
  const { items, applied, committed } = await deliveries.pending(ref, 2);
  expect(items).toEqual([
    { deliveryId: "a", sequence: 1, sourceSequence: 1, submission: submission("a"), disposition: null },
    { deliveryId: "b b", sequence: 2, sourceSequence: 1, submission: submission("b b"), disposition: null },
  ]);
  expect({ applied, committed }).toEqual({ applied: 0, committed: 3 });
}

async function submittedAtOnce({ submit, deliveries }: Inbox): Promise<void> {
  const sent = await Promise.all(Array.from({ length: 32 }, () => submit("a")));

  expect(sent.filter(({ kind }) => kind === "committed")).toHaveLength(1);
  expect(new Set(sent.map(({ sequence }) => sequence))).toEqual(new Set([1]));
  expect(await deliveries.pending(ref, 10)).toMatchObject({ committed: 1 });
}

async function conflicting({ submit, apply, deliveries }: Inbox): Promise<void> {
  await submit("a", "one");

  expect(await submit("a", "two")).toEqual({ kind: "conflict", sequence: 1 });
  await apply("a");
  expect(await submit("a", "two")).toEqual({ kind: "conflict", sequence: 1 });
  expect((await deliveries.find(ref, "a" as DeliveryId))?.submission?.payload).toBe("one");
}

async function inOrder({ submit, apply, deliveries }: Inbox): Promise<void> {
  for (const id of ["a", "b", "c"]) await submit(id);

  expect(await apply("b")).toEqual({ kind: "out_of_order", expected: 1, actual: 2 });
  expect(await apply("a")).toEqual({ kind: "applied", sequence: 1 });
  expect(await apply("a")).toEqual({ kind: "repeated", sequence: 1 });
  expect(await apply("c")).toEqual({ kind: "out_of_order", expected: 2, actual: 3 });
  expect(await apply("x")).toEqual({ kind: "missing" });
  const { items, applied } = await deliveries.pending(ref, 10);
  expect(items.map(({ deliveryId }) => deliveryId)).toEqual(["b", "c"]);
  expect(applied).toBe(1);
}

async function trimmed({ submit, apply, deliveries }: Inbox): Promise<void> {
  const count = KEPT_DELIVERIES + 2;
  for (let n = 1; n <= count; n += 1) {
    await submit(`${n}`, `payload ${n}`);
    await apply(`${n}`);
  }

  const find = (n: number) => deliveries.find(ref, `${n}` as DeliveryId);
  expect(await find(2)).toEqual({
    deliveryId: "2",
    sequence: 2,
    sourceSequence: 1,
    submission: null,
    disposition: DONE,
  });
  expect(await find(3)).toMatchObject({ submission: { payload: "payload 3" }, disposition: DONE });
  expect(await submit("1", "payload 1")).toEqual({ kind: "reused", sequence: 1 });
  expect(await submit("1", "another")).toEqual({ kind: "conflict", sequence: 1 });
  expect(await submit("next")).toEqual({ kind: "committed", sequence: count + 1 });
}

async function due({ submit, apply, deliveries, ports, advanceTime }: Inbox): Promise<void> {
  const { ledger, directory } = ports;
  const inboxes = async () => (await ledger.sweep(10)).filter(({ part }) => part === "inbox");
  await submit("a");
  await deliveries.rest(ref);
  await advanceTime(3_600_000);
  const unwanted = await inboxes();
  await directory.register({ ref, binding: null, settings: null, mayRevive: true });
  const wanted = await inboxes();
  await deliveries.rest(ref);
  const resting = await inboxes();
  await advanceTime(30_000);
  const again = await inboxes();
  await advanceTime(60_000);
  const untouched = await inboxes();
  await apply("a");
  await deliveries.rest(ref);
  await advanceTime(3_600_000);

  expect([unwanted, resting]).toEqual([[], []]);
  expect([wanted, again, untouched]).toEqual(Array.from({ length: 3 }, () => [{ ...ref, part: "inbox" }]));
  expect(await inboxes()).toEqual([]);
}

async function apart({ submit, deliveries }: Inbox): Promise<void> {
  const other = sessionRef("another's");
  await submit("a", "one");

  expect(await submitTo(deliveries, other, "a", "two")).toEqual({ kind: "committed", sequence: 1 });
  expect(await deliveries.find(sessionRef("nobody's", "umbrella"), "a" as DeliveryId)).toBeNull();
}
