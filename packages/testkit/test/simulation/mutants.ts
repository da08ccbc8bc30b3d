/**
 * Stores with a promise taken out.
 *
 * A checker is evidence only if it fails on these. Where one guard covers for
 * another, both are taken out, because either alone would go unnoticed.
 */
import {
  type Input,
  type InputId,
  type OverlapPolicy,
  overlapPolicyOf,
  type PolicyDecision,
  type RequestId,
} from "@holdfast/contracts";
import type {
  AdmitCommand,
  AdvanceCommand,
  AdvanceReply,
  ClaimReply,
  Journal,
  Ledger,
  LiveRuns,
  SessionRecord,
  Store,
} from "@holdfast/runtime";
import type { Guarantee, ModelStore } from "@holdfast/testkit/simulation";

/** A broken store and how soon that must be noticed. */
export interface Mutant {
  readonly name: string;
  /** What is noticed, in one seed at least. */
  readonly breaks: Guarantee;
  /** Part of what is said of it, where another rule would notice as well. */
  readonly says?: string;
  /** Where to begin, for what shows rarely; 1 unless said otherwise. */
  readonly from?: number;
  /** Within this many seeds. */
  readonly withinSeeds: number;
  readonly mutate: (store: ModelStore) => ModelStore;
}

type Change = (ports: Store, store: ModelStore) => Partial<Store>;

function changing(change: Change): (store: ModelStore) => ModelStore {
  return (store) => ({
    ...store,
    connect: () => {
      const ports = store.connect();
      return { ...ports, ...change(ports, store) };
    },
  });
}

function changingLedger(
  change: (ledger: Ledger, store: ModelStore) => Partial<Ledger>,
): (store: ModelStore) => ModelStore {
  return changing(({ ledger }, store) => ({ ledger: { ...ledger, ...change(ledger, store) } }));
}

const withoutSweeper = changingLedger(() => ({ sweep: async () => [] }));

/** What an admission at rest made due is never found, until something else makes it due. */
const admittingWithoutDue = changing(({ ledger, archive }) => {
  const hidden = new Set<string>();
  const isHidden = ({ sessionId }: { sessionId: string }) => hidden.has(sessionId);
  const showing = async <T>(ref: { sessionId: string }, call: Promise<T>): Promise<T> => {
    hidden.delete(ref.sessionId);
    return call;
  };
  return {
    ledger: {
      ...ledger,
      admit: async (command) => {
        const { ref } = command;
        const before = await archive.explainFacts(ref);
        const reply = await ledger.admit(command);
        if (reply.kind === "accepted" && before?.dueAt === null) hidden.add(ref.sessionId);
        return reply;
      },
      sweep: async (limit) => (await ledger.sweep(limit)).filter((ref) => !isHidden(ref)),
      claim: (command) => showing(command.ref, ledger.claim(command)),
      advance: (command) => showing(command.ref, ledger.advance(command)),
    },
    archive: {
      ...archive,
      explainFacts: async (ref) => {
        const facts = await archive.explainFacts(ref);
        return facts === null || !isHidden(ref) ? facts : { ...facts, dueAt: null };
      },
    },
  };
});

/** Lets go without looking whether anything came meanwhile. */
const releasingBlindly = changingLedger((ledger) => ({
  advance: async (command) => {
    const reply = await ledger.advance({ ...command, next: null });
    return reply.kind === "committed" ? { ...reply, next: { kind: "idle", dueAt: null } } : reply;
  },
}));

type Forge = (command: AdvanceCommand, image: NonNullable<ReturnType<ModelStore["inspect"]>>) => AdvanceCommand | null;

/** Takes a settlement that was refused as if it came from whoever holds the session. */
function taking(forge: Forge): (store: ModelStore) => ModelStore {
  return changingLedger((ledger, store) => ({
    advance: async (command): Promise<AdvanceReply> => {
      const reply = await ledger.advance(command);
      if (reply.kind !== "fenced" && reply.kind !== "conflict") return reply;
      const image = store.inspect(command.ref);
      const forged = image === null ? null : forge(command, image);
      return forged === null ? reply : ledger.advance(forged);
    },
  }));
}

const fencingNobody = taking((command, { hold, position, digest }) => {
  if (hold === null) return null;
  return {
    ...command,
    fence: { ...command.fence, ...fenceOf(hold) },
    attempt: hold.attempt,
    sequence: hold.sequence,
    expectedPosition: position,
    previousDigest: digest,
    contributors: hold.staged as InputId[],
  };
});

const fencingByTokenOnly = taking((command, { hold }) => {
  if (hold?.token !== command.fence.token) return null;
  return { ...command, fence: { ...command.fence, ...fenceOf(hold) } };
});

function fenceOf({
  token,
  claimId,
  runId,
}: {
  token: number;
  claimId: string;
  runId: string;
}): AdvanceCommand["fence"] {
  return { token, claimId, runId } as AdvanceCommand["fence"];
}

/** What a memory store keeps, as far as a mutant writes there. */
interface RawData {
  readonly sessions: Map<string, { readonly ref: SessionRecord["ref"]; hold: unknown }>;
}

/** A repeat finds its receipt, and stages the next batch all the same. */
const stagingAnew = changingLedger((ledger, store) => ({
  advance: async (command): Promise<AdvanceReply> => {
    const reply = await ledger.advance(command);
    if (reply.kind !== "committed" || !reply.isRepeat || reply.next.kind !== "staged" || command.next === null) {
      return reply;
    }
    const snapshot = store.snapshot();
    for (const session of (snapshot.data as RawData).sessions.values()) {
      if (session.ref.sessionId === command.ref.sessionId) session.hold = null;
    }
    store.restore(snapshot);
    const { ref, node, fence, next: offer } = command;
    const again: ClaimReply = await ledger.claim({ ref, node, claimId: fence.claimId, cachedDigest: null, offer });
    return { ...reply, next: again.kind === "staged" ? again : { kind: "idle", dueAt: null } };
  },
}));

/** A key that was used is taken for a new one. */
const admittingTwice = changingLedger((ledger) => {
  let count = 0;
  return {
    admit: async (command) => {
      const reply = await ledger.admit(command);
      if (reply.kind !== "deduplicated") return reply;
      count += 1;
      const id = `inp_again-${String(count).padStart(6, "0")}` as InputId;
      return ledger.admit({ ...command, input: { ...command.input, id, keyedId: null } });
    },
  };
});

/** Whoever settles a step is told that its result stands. */
const journalingAnything = changing(({ journal }) => ({
  journal: {
    ...journal,
    settle: async (command): ReturnType<Journal["settle"]> => {
      const reply = await journal.settle(command);
      return reply.kind === "fenced" ? { kind: "settled", value: command.value } : reply;
    },
  },
}));

const changingLiveRuns = (change: (liveRuns: LiveRuns, ports: Store) => Partial<LiveRuns>) => {
  return changing((ports) => ({ liveRuns: { ...ports.liveRuns, ...change(ports.liveRuns, ports) } }));
};

/** A repeated look into the inbox finds it empty: what the first one took is handed to nobody. */
const showingOnce = changingLiveRuns((liveRuns) => ({
  checkpoint: async (command) => {
    const reply = await liveRuns.checkpoint(command);
    return reply.kind === "taken" && reply.isRepeat ? { ...reply, inputs: [] } : reply;
  },
}));

/** An inbox that shows what waits in the queue lane as well, and leaves it there. */
const showingTheQueue = changingLiveRuns((liveRuns, { archive }) => ({
  checkpoint: async (command) => {
    const reply = await liveRuns.checkpoint(command);
    if (reply.kind !== "taken" || command.inbox === null) return reply;
    const { items } = await archive.listInputs(command.ref, { after: 0, limit: 100 });
    const queued = items.find(({ status }) => status === "queued");
    return queued === undefined ? reply : { ...reply, inputs: [...reply.inputs, queued] };
  },
}));

/** Whoever suspends a run is taken for somebody who lets it go on. */
const resumingUnasked = changing(({ ledger, control }) => {
  let count = 0;
  return {
    ledger: {
      ...ledger,
      advance: async (command) => {
        const reply = await ledger.advance(command);
        const { ref, settlement, fence } = command;
        if (reply.kind !== "committed" || settlement.kind !== "suspended") return reply;
        count += 1;
        const requestId = `req_nobody-${String(count).padStart(4, "0")}` as RequestId;
        await control.resume({ ref, requestId, runId: fence.runId, value: '"nobody"' });
        return reply;
      },
    },
  };
});

/** Who asks a run to end is told that it was asked. */
const askingNobody = changing(({ control, archive }) => ({
  control: {
    ...control,
    interrupt: async (command) => {
      const reply = await control.interrupt({ ...command, isDryRun: true });
      const facts = await archive.explainFacts(command.ref);
      return reply.kind === "applied" && facts?.run !== null ? { ...reply, isRepeat: false } : reply;
    },
  },
}));

/** What tells a session of detached work is admitted twice. */
const tellingTwice = changingLedger((ledger) => {
  let count = 0;
  return {
    admit: async (command) => {
      const reply = await ledger.admit(command);
      if (reply.kind !== "accepted" || command.toldThrough === undefined) return reply;
      count += 1;
      const id = `inp_told-${String(count).padStart(8, "0")}` as InputId;
      const { toldThrough: _told, ...rest } = command;
      await ledger.admit({ ...rest, input: { ...command.input, id, keyedId: null } });
      return reply;
    },
  };
});

/** Who waits for an operation hears of another end. */
const tellingWatchersOtherwise = changing(({ operations }) => ({
  operations: {
    ...operations,
    watch: async (command) => {
      const reply = await operations.watch(command);
      return reply.kind === "settled" ? { ...reply, outcome: { kind: "retired" } } : reply;
    },
  },
}));

/** A schedule that is deleted goes on, and nobody sees it. */
const keepingSchedules = changing(({ schedules }) => ({
  schedules: {
    ...schedules,
    save: async (command) => (command.rows === "" && command.version > 0 ? { kind: "saved" } : schedules.save(command)),
  },
}));

/** A session is said to be removed while something is open. */
const removingOnWord = changing(({ unregistration }) => ({
  unregistration: {
    ...unregistration,
    commit: async (ref) => {
      const reply = await unregistration.commit(ref);
      if (reply.kind !== "open") return reply;
      const obligations = { loop: "closed", drain: "closed", waiters: "closed" } as const;
      const report = { wasRegistered: true, inputsAbandoned: 0, obligations };
      return { kind: "removed", report, followers: [], cursor: 0 };
    },
  },
}));

type Admitting = (command: AdmitCommand) => AdmitCommand;

/** Admits inputs of one overlap policy as if they were others. */
function admitting(policy: OverlapPolicy, change: Admitting): (store: ModelStore) => ModelStore {
  const asks = ({ input }: AdmitCommand): boolean => {
    const { overlap } = JSON.parse(input.payload) as Input;
    return overlap !== undefined && overlapPolicyOf(overlap) === policy;
  };
  return changingLedger((ledger) => ({
    admit: (command) => ledger.admit(asks(command) ? change(command) : command),
  }));
}

function deciding(decision: Partial<PolicyDecision>): Admitting {
  return (command) => {
    const { columns } = command;
    const idle = { ...columns.idle, ...decision };
    const live = { ...columns.live, ...decision };
    return { ...command, columns: { ...columns, idle, live } };
  };
}

/** The input that several become says what the latest of them said. */
const mergingAway: Admitting = (command) => {
  const { merge, input } = command;
  if (merge === null || merge === "declined") return command;
  return { ...command, merge: { ...merge, payload: input.payload } };
};

const neverExpiring = changingLedger((ledger) => ({
  admit: ({ input, ...command }) => ledger.admit({ ...command, input: { ...input, expiresAt: 0 } }),
}));

function both(
  one: (store: ModelStore) => ModelStore,
  other: (store: ModelStore) => ModelStore,
): (store: ModelStore) => ModelStore {
  return (store) => one(other(store));
}

/** Every store that must be noticed. */
export const MUTANTS: readonly Mutant[] = [
  { name: "no sweeper", breaks: "G8", withinSeeds: 20, mutate: withoutSweeper },
  { name: "an admission that makes nothing due", breaks: "G8", withinSeeds: 20, mutate: admittingWithoutDue },
  {
    name: "a release that does not look again, and no sweeper",
    breaks: "G8",
    withinSeeds: 20,
    mutate: both(releasingBlindly, withoutSweeper),
  },
  { name: "a settlement taken from anybody, at any head", breaks: "G3", withinSeeds: 100, mutate: fencingNobody },
  { name: "a fence of the token alone", breaks: "G3", from: 4_801, withinSeeds: 6_000, mutate: fencingByTokenOnly },
  { name: "a repeated settlement that stages anew", breaks: "G1", withinSeeds: 100, mutate: stagingAnew },
  { name: "a key that is taken twice", breaks: "G7", withinSeeds: 20, mutate: admittingTwice },
  {
    name: "an inbox that is empty when it is looked into again",
    breaks: "G5",
    says: "when it was repeated",
    from: 501,
    withinSeeds: 3_000,
    mutate: showingOnce,
  },
  {
    name: "an inbox that shows what it did not stage",
    breaks: "G5",
    says: "the inbox of",
    withinSeeds: 100,
    mutate: showingTheQueue,
  },
  {
    name: "a suspended run that goes on by itself",
    breaks: "G10",
    says: "nobody let it",
    withinSeeds: 100,
    mutate: resumingUnasked,
  },
  {
    name: "an interrupt that reaches nobody",
    breaks: "G10",
    says: "was asked to end",
    withinSeeds: 1_000,
    mutate: askingNobody,
  },
  {
    name: "an interrupting input that ends nothing",
    breaks: "G10",
    says: "asked it to end",
    withinSeeds: 500,
    mutate: admitting("interrupt", deciding({ whenBusy: "none" })),
  },
  {
    name: "a rolling back input that ends nothing",
    breaks: "G10",
    says: "asked it to end",
    withinSeeds: 500,
    mutate: admitting("rollback", deciding({ whenBusy: "none" })),
  },
  {
    name: "an interrupting input that waits in line",
    breaks: "G6",
    says: "which is next",
    withinSeeds: 300,
    mutate: admitting("interrupt", deciding({ lane: "queue", queue: "fifo" })),
  },
  {
    name: "an input that is to be dropped and queued instead",
    breaks: "G10",
    says: "was to be dropped",
    withinSeeds: 300,
    mutate: admitting("drop", deciding({ whenBusy: "none" })),
  },
  {
    name: "an input that should take the place of others and joins them",
    breaks: "G10",
    says: "took its place",
    withinSeeds: 500,
    mutate: admitting("latest", deciding({ queue: "fifo" })),
  },
  {
    name: "a merge that forgets what it was made of",
    breaks: "G1",
    says: "does not carry",
    withinSeeds: 300,
    mutate: admitting("merge", mergingAway),
  },
  {
    name: "a pause that nobody waits for",
    breaks: "G6",
    says: "before its pause",
    withinSeeds: 100,
    mutate: admitting("debounce", ({ input, ...command }) => ({ ...command, input: { ...input, debounce: null } })),
  },
  {
    name: "inputs that never expire",
    breaks: "G1",
    says: "after it was over",
    withinSeeds: 300,
    mutate: neverExpiring,
  },
  {
    name: "a session that is told twice of the same work",
    breaks: "G5",
    says: "had told",
    withinSeeds: 100,
    mutate: tellingTwice,
  },
  {
    name: "an operation that ends otherwise for who waits",
    breaks: "G9",
    says: "who waited was told",
    withinSeeds: 500,
    mutate: tellingWatchersOtherwise,
  },
  {
    name: "a schedule that cannot be deleted",
    breaks: "G10",
    says: "after it was deleted",
    withinSeeds: 300,
    mutate: keepingSchedules,
  },
  {
    name: "a removal that is reported and never was",
    breaks: "G10",
    says: "a removal was reported",
    from: 701,
    withinSeeds: 3_000,
    mutate: removingOnWord,
  },
  { name: "a journal that believes anybody", breaks: "G5", from: 701, withinSeeds: 3_000, mutate: journalingAnything },
];
