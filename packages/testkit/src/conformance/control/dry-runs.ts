import { expect, it } from "vitest";
import { event } from "../../fixtures/commands.ts";
import { as } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";
import { request } from "./expectations.ts";

const VERBS = ["retire", "recycle", "reset", "recover", "stop", "destroy"] as const;

/** Proves that a dry run says what would happen, and that nothing does (C5). */
export function describeDryRuns(openStore: StoreFactory): void {
  for (const verb of VERBS) {
    it(
      `answers a dry run of ${verb} with the report that the verb then has, and changes nothing [C5]`,
      withSession(openStore, async (session) => {
        await loseOneOfFour(session);
        const before = await everything(session);

        const dry = as(await tryVerb(session, verb), "applied");

        expect(await everything(session)).toEqual(before);
        const { report } = await session.apply(verb, request("r"));
        expect(dry.report).toEqual(report);
        expect(report.inputsAbandoned + report.inputsPendingDrain + report.inputsTransferred).toBe(
          verb === "recover" ? 0 : verb === "recycle" ? 3 : 4,
        );
      }),
    );
  }

  it(
    "refuses a dry run as it would refuse the verb [C3] [C5]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.stage();

      expect(await tryVerb(session, "reset")).toEqual(await session.control("reset"));
    }),
  );

  it(
    "answers a dry run under a request id that was used with the first report [C1] [C5]",
    withSession(openStore, async (session) => {
      await session.accept();
      const first = await session.apply("reset", request("r"));

      expect(await tryVerb(session, "reset")).toMatchObject({ isRepeat: true, report: first.report });
    }),
  );

  it(
    "asks no run to end in a dry run of an interrupt [C5]",
    withSession(openStore, async (session) => {
      await session.accept();
      const { fence } = await session.stage();
      const { control, ledger } = session.store;

      const dry = as(
        await control.interrupt({
          ref: session.ref,
          requestId: request("r"),
          runId: null,
          mode: "interrupt",
          isDryRun: true,
        }),
        "applied",
      );

      expect(dry.report.abortedRunId).toBe(fence.runId);
      expect(await ledger.renew([{ ref: session.ref, claimId: fence.claimId }])).toMatchObject([
        { kind: "renewed", cancel: null },
      ]);
      expect(
        await control.interrupt({ ref: session.ref, requestId: request("r"), runId: null, mode: "interrupt" }),
      ).toMatchObject({
        isRepeat: false,
      });
    }),
  );
}

function tryVerb({ store, ref }: SessionUnderTest, verb: (typeof VERBS)[number]) {
  return store.control.apply({ ref, verb, requestId: request("r"), isDryRun: true });
}

/** A dead attempt, one input behind it, one that need not survive, and one that waits for a time. */
async function loseOneOfFour(session: SessionUnderTest): Promise<void> {
  await session.accept({ input: event("first") });
  await session.stage();
  await session.accept();
  await session.accept({ input: { ...event("passing"), durability: "ephemeral" } });
  await session.accept({ notBeforeAt: session.now() + 60_000 });
  await session.advanceTime(20_000);
}

async function everything({ store, ref }: SessionUnderTest): Promise<unknown> {
  const page = { after: 0, limit: 100 };
  const { now: _passes, ...facts } = (await store.archive.explainFacts(ref)) as object & { now: number };
  return {
    facts,
    inputs: await store.archive.listInputs(ref, page),
    events: await store.archive.listEvents(ref, page),
    listed: await store.directory.list({ tenantId: ref.tenantId, after: null, limit: 10 }),
  };
}
