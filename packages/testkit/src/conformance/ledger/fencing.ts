import type { ClaimId, RunId } from "@holdfast/contracts";
import type { AdvanceCommand } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { advanceCommand, completed, event, failed, offerOf, prompt, worker } from "../../fixtures/commands.ts";
import { as, idsOf } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";

/** Who may write, and what a repeated call does (L4, L5). */
export function describeFencing(openStore: StoreFactory): void {
  describe("fencing", () => {
    it(
      "refuses a settlement whose token, claim id or run id is not the current one [L4]",
      withSession(openStore, async (session) => {
        const command = await stagedCommand(session);
        const before = await session.store.archive.explainFacts(session.ref);
        const foreign: readonly Partial<AdvanceCommand["fence"]>[] = [
          { token: command.fence.token + 1 },
          { claimId: "clm_of_another" as ClaimId },
          { runId: "run_of_another" as RunId },
        ];

        for (const fence of foreign) {
          const reply = await session.store.ledger.advance({ ...command, fence: { ...command.fence, ...fence } });
          expect(reply).toEqual({ kind: "fenced" });
        }

        expect(withoutTime(await session.store.archive.explainFacts(session.ref))).toEqual(withoutTime(before));
      }),
    );

    it(
      "refuses a zombie once another worker holds the session, and does not disturb that one [L4]",
      withSession(openStore, async (session) => {
        await session.accept();
        const zombie = await session.stage();
        await session.advanceTime(10_000);
        const successor = await session.stage({ as: worker("second") });

        expect(await session.advance(zombie)).toEqual({ kind: "fenced" });
        expect(await session.advance(zombie, failed())).toEqual({ kind: "fenced" });

        expect((await session.commit(successor)).position).toBe(1);
      }),
    );

    it(
      "takes a settlement after the lease has ended, if nobody claimed meanwhile [L4, L7]",
      withSession(openStore, async (session) => {
        await session.accept();
        const batch = await session.stage();
        await session.advanceTime(60_000);

        expect((await session.commit(batch)).position).toBe(1);
      }),
    );

    it(
      "answers a conflict when position, digest, boundary, attempt or contributors are not the expected ones [L4]",
      withSession(openStore, async (session) => {
        const command = await stagedCommand(session);
        const wrong: readonly Partial<AdvanceCommand>[] = [
          { expectedPosition: 1 },
          { previousDigest: "other" },
          { sequence: 2 },
          { attempt: 2 },
          { contributors: [] },
        ];

        for (const part of wrong) {
          expect(await session.store.ledger.advance({ ...command, ...part })).toEqual({
            kind: "conflict",
            position: 0,
          });
        }

        expect(as(await session.store.ledger.advance(command), "committed").position).toBe(1);
      }),
    );

    it(
      "renews by the claim id alone, also after the lease has ended, and never a lost hold [L4, L7]",
      withSession(openStore, async (session) => {
        await session.accept();
        const { fence } = await session.stage();
        const hold = { ref: session.ref, claimId: fence.claimId };
        await session.advanceTime(12_000);

        expect(await session.store.ledger.renew([hold])).toEqual([
          { kind: "renewed", cancel: null, isAttentionAsked: false },
        ]);
        expect(await session.claim()).toEqual({ kind: "busy", leaseUntil: session.now() + 10_000 });
        await session.advanceTime(10_000);
        await session.stage({ as: worker("second") });

        expect(await session.store.ledger.renew([hold, { ...hold, claimId: "clm_of_another" as ClaimId }])).toEqual([
          { kind: "lost" },
          { kind: "lost" },
        ]);
      }),
    );

    it(
      "goes by its own clock alone: a claim waits for the lease to end there [L7]",
      withSession(openStore, async (session) => {
        await session.accept();
        await session.stage();
        const leaseUntil = session.now() + 10_000;

        await session.advanceTime(9_999);
        expect(await session.claim()).toEqual({ kind: "busy", leaseUntil });
        await session.advanceTime(1);

        expect(await session.claim()).toMatchObject({ kind: "staged" });
      }),
    );
  });

  describe("repeated calls", () => {
    describeRepeats(openStore);
  });
}

function describeRepeats(openStore: StoreFactory): void {
  it(
    "answers a repeated claim with the same batch and stages nothing new [L5]",
    withSession(openStore, async (session) => {
      await session.accept({ input: event("a") });
      const claimId = session.ids.claim();
      const first = await session.claim({ claimId });
      await session.accept({ input: event("b") });

      const again = await session.claim({ claimId });

      expect(again).toMatchObject({ kind: "staged", batch: as(first, "staged").batch });
      expect((await session.inputs()).map(({ status, attempts }) => [status, attempts])).toEqual([
        ["staged", 1],
        ["queued", 0],
      ]);
    }),
  );

  it(
    "stages nothing for a claim that is repeated after its hold has ended [L5]",
    withSession(openStore, async (session) => {
      for (let n = 0; n < 3; n += 1) await session.accept();
      const { node } = session.worker;
      const claim = () => ({
        ref: session.ref,
        claimId: session.ids.claim(),
        node,
        cachedDigest: null,
        offer: offerOf(session.worker, session.ids),
      });
      const [first, second] = [claim(), claim()];
      await session.commit(as(await session.store.ledger.claim(first), "staged").batch);
      await session.commit(as(await session.store.ledger.claim(second), "staged").batch);

      const late = [await session.store.ledger.claim(first), await session.store.ledger.claim(second)];

      expect(late.map(({ kind }) => kind)).toEqual(["idle", "idle"]);
      expect((await session.inputs()).map(({ status }) => status)).toEqual(["consumed", "consumed", "queued"]);
      expect((await session.commit(await session.stage())).position).toBe(3);
    }),
  );

  it(
    "answers a repeated settlement with the stored result and the same next batch [L5]",
    withSession(openStore, async (session) => {
      await session.accept({ input: prompt("a"), replyTo: session.worker.node });
      await session.accept({ input: prompt("b") });
      const batch = await session.stage();
      const command = settling(session, batch, completed({ output: 1 }));
      const first = as(await session.store.ledger.advance(command), "committed");
      await session.advanceTime(500);
      await session.accept({ input: prompt("c") });

      const again = as(await session.store.ledger.advance(command), "committed");

      expect(again).toMatchObject({ isRepeat: true, position: 1, committedAt: first.committedAt, next: first.next });
      expect(again.settled).toEqual(first.settled);
      expect((await session.store.directory.find(session.ref))?.position).toBe(1);
      expect((await session.inputs()).map(({ attempts }) => attempts)).toEqual([1, 1, 0]);
    }),
  );

  it(
    "says how the session stands when the repeated settlement let go of it [L5]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.accept();
      const command = settling(session, await session.stage(), completed(), false);
      const first = as(await session.store.ledger.advance(command), "committed");

      const again = as(await session.store.ledger.advance(command), "committed");

      expect(first.next).toMatchObject({ kind: "more" });
      expect(again).toEqual({ ...first, isRepeat: true });
    }),
  );

  it(
    "says that the batch is lost when somebody else has it by the time of the repeat [L5]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.accept();
      const command = settling(session, await session.stage(), completed());
      await session.store.ledger.advance(command);
      await session.advanceTime(10_000);
      await session.stage({ as: worker("second") });

      const again = as(await session.store.ledger.advance(command), "committed");

      expect(again).toMatchObject({ isRepeat: true, position: 1, next: { kind: "lost" } });
    }),
  );

  it(
    "answers a repeat as fenced once a successor has committed [L5]",
    withSession(openStore, async (session) => {
      await session.accept();
      await session.accept();
      const command = settling(session, await session.stage(), completed());
      const first = as(await session.store.ledger.advance(command), "committed");
      await session.commit(as(first.next, "staged").batch);

      expect(await session.store.ledger.advance(command)).toEqual({ kind: "fenced" });
    }),
  );

  it(
    "never takes another result for a repeat of the stored one [L5]",
    withSession(openStore, async (session) => {
      await session.accept();
      const command = settling(session, await session.stage(), completed({ output: 1 }));
      await session.store.ledger.advance(command);

      const other = await session.store.ledger.advance({ ...command, settlementDigest: "other" });

      expect(other).toEqual({ kind: "fenced" });
    }),
  );

  it(
    "repeats what the first call ended, not what ended since [L5]",
    withSession(openStore, async (session) => {
      await session.accept();
      const command = settling(session, await session.stage(), failed({ retryDelayMs: 1_000 }), false);
      const first = as(await session.store.ledger.advance(command), "committed");
      await session.apply("stop");
      await session.settleChores();

      const again = as(await session.store.ledger.advance(command), "committed");

      expect(first.settled).toEqual([]);
      expect(again).toMatchObject({ isRepeat: true, settled: [] });
    }),
  );

  it(
    "answers a repeated settlement after the session was destroyed, and is fenced once nothing is left [L5]",
    withSession(openStore, async (session) => {
      await session.accept();
      const command = settling(session, await session.stage(), completed({ output: 1 }), false);
      await session.store.ledger.advance(command);
      await session.apply("destroy");
      expect(as(await session.store.ledger.advance(command), "committed").isRepeat).toBe(true);

      await session.settleChores();

      expect(await session.store.ledger.advance(command)).toEqual({ kind: "fenced" });
    }),
  );

  it(
    "retries a failed attempt under the same run as another boundary call [L5]",
    withSession(openStore, async (session) => {
      await session.accept();
      const batch = await session.stage();
      const retry = await session.stageNext(batch, failed());

      const reply = await session.commit(retry);

      expect(idsOf(retry)).toEqual(idsOf(batch));
      expect(reply).toMatchObject({ isRepeat: false, position: 1 });
    }),
  );
}

function settling(
  session: SessionUnderTest,
  batch: Parameters<typeof advanceCommand>[1],
  settlement: AdvanceCommand["settlement"],
  isKept = true,
): AdvanceCommand {
  const next = isKept ? offerOf(session.worker, session.ids) : null;
  return advanceCommand(session.ref, batch, { node: session.worker.node, settlement, next });
}

async function stagedCommand(session: SessionUnderTest): Promise<AdvanceCommand> {
  await session.accept();
  return settling(session, await session.stage(), completed());
}

function withoutTime<T extends { readonly now: number }>(facts: T | null): Omit<T, "now"> | null {
  if (facts === null) return null;
  const { now: _moves, ...rest } = facts;
  return rest;
}
