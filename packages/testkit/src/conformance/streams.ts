/** The suite of the `Streams` port; its promises are T10 to T16. */
import type { Fence, RunId } from "@holdfast/contracts";
import type { AppendReply, ReadStreamReply, StagedBatch, StoredPart } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { adopted, checkpointCommand, suspended } from "../fixtures/checkpoints.ts";
import { completed, event, failed, RELEASED, worker } from "../fixtures/commands.ts";
import { as } from "../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

/** Proves what every store promises of streams. */
export function describeStreams(openStore: StoreFactory): void {
  describe("streams", () => {
    describeWrites(openStore);
    describeAttempts(openStore);
    describeEnds(openStore);
    describeBounds(openStore);
  });
}

function describeWrites(openStore: StoreFactory): void {
  it(
    "hands out what was written, in order and by its offset, to whoever asks from where [T12]",
    withSession(openStore, async (session) => {
      const batch = await stage(session);
      await write(session, batch, 0, ["one", "zwei é|,"]);
      await write(session, batch, 2, [{ three: [3] }]);

      expect(await read(session, batch)).toMatchObject({ parts: chunks("one", "zwei é|,", { three: [3] }), offset: 3 });
      expect(await read(session, batch, { after: 1, limit: 1 })).toMatchObject({
        parts: chunks("zwei é|,"),
        offset: 3,
      });
      expect(await read(session, batch, { after: 3 })).toMatchObject({ parts: [], end: null });
    }),
  );

  it(
    "writes only under the current fence: not for another token, claim or run, and not at rest [T10]",
    withSession(openStore, async (session) => {
      const batch = await stage(session);
      const { fence } = batch;
      const others: readonly Partial<Fence>[] = [
        { token: fence.token + 1 },
        { claimId: "clm_of_another" as Fence["claimId"] },
        { runId: "run_of_another" as RunId },
      ];

      for (const other of others) {
        expect(await append(session, { ...fence, ...other }, 0, ["no"])).toEqual({ kind: "fenced" });
      }
      expect(await read(session, batch)).toMatchObject({ parts: [] });
      await session.commit(batch);
      expect(await append(session, fence, 0, ["no"])).toEqual({ kind: "fenced" });
      expect(await read(session, batch)).toMatchObject({ parts: [], end: "completed" });
    }),
  );

  it(
    "is closed to a worker that lost the session, whatever it has written before [T10, G3]",
    withSession(openStore, async (session) => {
      const lost = await stage(session);
      await write(session, lost, 0, ["mine"]);
      await session.advanceTime(10_000);
      const current = await session.stage({ as: worker("second") });

      expect(await append(session, lost.fence, 1, ["late"])).toEqual({ kind: "fenced" });
      expect(await append(session, current.fence, 0, ["now"])).toMatchObject({ written: 1 });
    }),
  );

  it(
    "writes what is sent twice once, and refuses what does not follow [T11]",
    withSession(openStore, async (session) => {
      const batch = await stage(session);
      const first = await append(session, batch.fence, 0, ["a", "b"]);

      expect(await append(session, batch.fence, 0, ["a", "b"])).toEqual(first);
      await write(session, batch, 2, ["c"]);
      expect(await append(session, batch.fence, 2, ["c"])).toMatchObject({ written: 1, offset: 3 });
      expect(await append(session, batch.fence, 4, ["e"])).toEqual({ kind: "fenced" });
      expect(await read(session, batch)).toMatchObject({ parts: chunks("a", "b", "c") });
    }),
  );

  it(
    "names the processes that follow the session [G12]",
    withSession(openStore, async (session) => {
      const batch = await stage(session);
      const { node } = worker("reader");
      await session.store.directory.follow({ ref: session.ref, node, forMs: 1_000 });

      expect(await append(session, batch.fence, 0, ["a"])).toMatchObject({ followers: [node] });
      await session.advanceTime(1_001);
      expect(await append(session, batch.fence, 1, ["b"])).toMatchObject({ followers: [] });
    }),
  );

  it(
    "counts a chunk as a sign of its run [T9]",
    withSession(openStore, async (session) => {
      const batch = await stage(session);
      await session.advanceTime(5_000);
      await write(session, batch, 0, ["a"]);
      await session.advanceTime(1_000);

      const { ref } = session;
      expect(await session.store.liveRuns.noteStall({ ref, fence: batch.fence })).toMatchObject({ silentMs: 1_000 });
    }),
  );
}

function describeAttempts(openStore: StoreFactory): void {
  for (const [how, again] of Object.entries(ANOTHER_ATTEMPT)) {
    it(
      `withdraws what an attempt wrote once the run is staged again, after it ${how} [T13]`,
      withSession(openStore, async (session) => {
        const first = await stage(session);
        await write(session, first, 0, ["a", "b"]);

        const second = await again(session, first);

        expect(await read(session, second)).toMatchObject({
          parts: [...chunks("a", "b"), { type: "retracted", from: 1 }],
          offset: 3,
          end: null,
        });
        await write(session, second, 0, ["c"]);
        expect(await read(session, second, { after: 3 })).toMatchObject({ parts: chunks("c"), offset: 4 });
      }),
    );
  }

  it(
    "keeps what was written before the last boundary, which the run goes on from [T13, G11]",
    withSession(openStore, async (session) => {
      const first = await stage(session);
      await write(session, first, 0, ["a"]);
      const left = await checkpoint(session, first, 1);
      await write(session, first, 1, ["b", "c"]);

      const second = await session.stageNext(left, failed());
      await write(session, second, 0, ["B"]);
      const third = await session.stageNext(second, failed());

      expect(await read(session, third)).toMatchObject({
        parts: [
          ...chunks("a", "b", "c"),
          { type: "retracted", from: 2 },
          ...chunks("B"),
          { type: "retracted", from: 2 },
        ],
      });
    }),
  );

  it(
    "withdraws nothing where nothing was written since, and nothing twice [T13]",
    withSession(openStore, async (session) => {
      const first = await stage(session);
      await write(session, first, 0, ["a"]);
      const second = await session.stageNext(await checkpoint(session, first, 1), failed());
      expect(await read(session, second)).toMatchObject({ parts: chunks("a"), offset: 1 });
      await write(session, second, 0, ["b"]);

      const third = await session.stageNext(second, RELEASED);
      const fourth = await session.stageNext(third, RELEASED);

      const parts = [...chunks("a", "b"), { type: "retracted", from: 2 }];
      expect(await read(session, fourth)).toMatchObject({ parts, offset: 3 });
    }),
  );

  it(
    "stays open, and keeps everything, while a run is suspended and goes on [T13, T14]",
    withSession(openStore, async (session) => {
      const batch = await stage(session);
      await write(session, batch, 0, ["before"]);
      await session.commit(batch, suspended({ on: { type: "approval", approvalId: "apr" } }));
      expect(await read(session, batch)).toMatchObject({ parts: chunks("before"), end: null });
      const { ref, store } = session;
      const { runId } = batch.fence;
      as(await store.control.resume({ ref, runId, requestId: session.ids.request(), value: "null" }), "resumed");

      const resumed = await session.stage();
      await write(session, resumed, 0, ["after"]);
      await session.commit(resumed);

      expect(await read(session, batch)).toMatchObject({ parts: chunks("before", "after"), end: "completed" });
    }),
  );
}

function describeEnds(openStore: StoreFactory): void {
  it(
    "is open while a run waits to be tried again, and closed as failed when it is not [T14, G12]",
    withSession(openStore, async (session) => {
      const batch = await stage(session);
      await write(session, batch, 0, ["a"]);
      await session.commit(batch, failed());
      expect(await read(session, batch)).toMatchObject({ end: null, offset: 1 });

      const second = await session.stage();
      await session.commit(second, failed({ isRetryable: false }));

      expect(await read(session, batch)).toMatchObject({ end: "failed", offset: 2 });
    }),
  );

  it(
    "is closed by whatever ends its run: a split, a rollback, the loss that was one too many, a verb [T14, G12]",
    withSession(
      openStore,
      async (session) => {
        await session.accept({ input: event("a") });
        await session.accept({ input: event("b") });
        const split = await session.stage();
        await write(session, split, 0, ["x"]);
        await session.commit(split, failed());
        expect(await read(session, split)).toMatchObject({ end: "superseded" });

        const cancelled = await session.stage();
        await write(session, cancelled, 0, ["x"]);
        const { ref, store, ids } = session;
        await store.control.interrupt({
          ref,
          requestId: ids.request(),
          runId: null,
          mode: "rollback",
          isDryRun: false,
        });
        await session.advanceTime(10_000);
        const lost = await session.stage();
        expect(await read(session, cancelled)).toMatchObject({ end: "cancelled" });

        await write(session, lost, 0, ["x"]);
        await session.advanceTime(10_000);
        await session.accept();
        const stopped = await session.stage();
        expect(await read(session, lost)).toMatchObject({ end: "failed" });

        await write(session, stopped, 0, ["x"]);
        await session.apply("stop");
        expect(await read(session, stopped)).toMatchObject({ end: "cancelled", parts: chunks("x") });
      },
      { budget: { maxLosses: 1 } },
    ),
  );

  it(
    "is closed when a suspended run is ended with everything else [T14, G12]",
    withSession(openStore, async (session) => {
      const batch = await stage(session);
      await write(session, batch, 0, ["a"]);
      await session.commit(batch, suspended({ on: { type: "approval", approvalId: "apr" } }));

      await session.apply("reset");
      await session.settleChores();

      expect(await read(session, batch)).toMatchObject({ end: "cancelled", parts: chunks("a") });
    }),
  );

  it(
    "has an end for a run that wrote nothing, and none for one that does not exist [T14, T16]",
    withSession(openStore, async (session) => {
      const batch = await stage(session);
      const open = await read(session, batch);
      await session.commit(batch);

      expect(open).toMatchObject({ kind: "read", parts: [], offset: 0, end: null });
      expect(await read(session, batch)).toMatchObject({ parts: [], offset: 0, end: "completed" });
      const runId = "run_of_nobody" as RunId;
      const query = { runId, after: 0, limit: 10 };
      expect(await session.store.streams.read({ ref: session.ref, ...query })).toEqual({ kind: "unknown" });
      const ref = { ...session.ref, sessionId: "nobody" as typeof session.ref.sessionId };
      expect(await session.store.streams.read({ ref, ...query })).toEqual({ kind: "missing" });
    }),
  );

  it(
    "goes with a session that is destroyed, and says so [T16, G12]",
    withSession(openStore, async (session) => {
      const batch = await stage(session);
      await write(session, batch, 0, ["a"]);
      await session.apply("destroy");
      await session.settleChores();

      expect(await read(session, batch)).toEqual({ kind: "destroyed" });
    }),
  );
}

const FEW = { keepStreams: 2, keepStreamBytes: 1_000_000, streamBytes: 10, streamParts: 3 };

function describeBounds(openStore: StoreFactory): void {
  it(
    "takes what there is room for, and after a refusal nothing more [T15]",
    withSession(
      openStore,
      async (session) => {
        const batch = await stage(session);
        const chunk = "12345";

        const reply = await append(session, batch.fence, 0, [chunk, chunk, "1"]);

        expect(reply).toMatchObject({ kind: "appended", written: 1, offset: 1 });
        expect(await append(session, batch.fence, 0, [chunk, chunk, "1"])).toEqual(reply);
        expect(await append(session, batch.fence, 1, ["1"])).toMatchObject({ written: 0, offset: 1 });
        await session.commit(batch);
        expect(await read(session, batch)).toMatchObject({ parts: chunks(chunk), isFull: true, end: "completed" });
      },
      { retention: FEW },
    ),
  );

  it(
    "takes no more parts than a stream may have [T15]",
    withSession(
      openStore,
      async (session) => {
        const batch = await stage(session);

        expect(await append(session, batch.fence, 0, [1, 2, 3, 4])).toMatchObject({ written: 3, offset: 3 });
        expect(await append(session, batch.fence, 3, [5])).toMatchObject({ written: 0 });
      },
      { retention: FEW },
    ),
  );

  it(
    "keeps the latest streams, removes older ones as new ones are written, and says which are gone [T16, G14]",
    withSession(
      openStore,
      async (session) => {
        const batches: StagedBatch[] = [];
        for (let run = 0; run < 4; run += 1) batches.push(await streamOne(session));

        const kinds = await Promise.all(batches.map(async (batch) => (await read(session, batch)).kind));

        expect(kinds).toEqual(["expired", "expired", "read", "read"]);
      },
      { retention: FEW },
    ),
  );

  it(
    "removes older ones for their bytes, a hundred parts at once, and none that is written [T16, G14]",
    withSession(
      openStore,
      async (session) => {
        const old = await stage(session);
        const many = Array.from({ length: 100 }, () => "1234567");
        await write(session, old, 0, many);
        await write(session, old, 100, many);
        expect(await read(session, old)).toMatchObject({ offset: 200 });
        await session.commit(old);
        const batch = await stage(session);

        await write(session, batch, 0, ["x"]);
        expect(await read(session, old)).toEqual({ kind: "expired" });
        expect(await read(session, old, { after: 100 })).toMatchObject({ kind: "read", end: "completed" });
        await write(session, batch, 1, ["y"]);
        expect(await read(session, old, { after: 200 })).toEqual({ kind: "expired" });
        expect(await read(session, batch)).toMatchObject({ parts: chunks("x", "y") });
      },
      { retention: { keepStreamBytes: 1_000 } },
    ),
  );

  it(
    "keeps the stream of a run that is not over, however old it is [T16]",
    withSession(
      openStore,
      async (session) => {
        const waiting = await stage(session);
        await write(session, waiting, 0, ["w"]);
        await session.commit(waiting, suspended({ on: { type: "approval", approvalId: "apr" } }));
        for (let run = 0; run < 6; run += 1) await streamOne(session);

        expect(await read(session, waiting)).toMatchObject({ kind: "read", parts: chunks("w"), end: null });
      },
      { retention: FEW },
    ),
  );
}

const ANOTHER_ATTEMPT = {
  failed: (session, batch) => session.stageNext(batch, failed()),
  "was handed back": (session, batch) => session.stageNext(batch, RELEASED),
  "was lost": async (session) => {
    await session.advanceTime(10_000);
    return session.stage({ as: worker("second") });
  },
} as const satisfies Record<string, (session: SessionUnderTest, batch: StagedBatch) => Promise<StagedBatch>>;

async function stage(session: SessionUnderTest): Promise<StagedBatch> {
  await session.accept();
  return session.stage();
}

/** A run that writes a chunk and ends. */
async function streamOne(session: SessionUnderTest): Promise<StagedBatch> {
  const batch = await stage(session);
  await write(session, batch, 0, ["x"]);
  await session.commit(batch, completed());
  return batch;
}

async function checkpoint(session: SessionUnderTest, batch: StagedBatch, call: number): Promise<StagedBatch> {
  const command = checkpointCommand(session.ref, batch, { call, boundary: { data: call }, limit: 0 });
  as(await session.store.liveRuns.checkpoint(command), "taken");
  return adopted(batch, command, []);
}

function append(
  session: SessionUnderTest,
  fence: Fence,
  position: number,
  values: readonly unknown[],
): Promise<AppendReply> {
  const { ref } = session;
  return session.store.streams.append({ ref, fence, position, chunks: values.map((value) => JSON.stringify(value)) });
}

/** Writes chunks that there is room for. */
async function write(session: SessionUnderTest, { fence }: StagedBatch, position: number, values: readonly unknown[]) {
  const { written } = as(await append(session, fence, position, values), "appended");
  if (written !== values.length) throw new Error(`${written} of ${values.length} chunks were written`);
}

function read(
  { store, ref }: SessionUnderTest,
  { fence }: StagedBatch,
  { after = 0, limit = 100 } = {},
): Promise<ReadStreamReply> {
  return store.streams.read({ ref, runId: fence.runId, after, limit });
}

function chunks(...values: readonly unknown[]): StoredPart[] {
  return values.map((value) => ({ type: "chunk", json: JSON.stringify(value) }));
}
