/**
 * Stores with a promise taken out.
 *
 * A checker is evidence only if it fails on these. Where one guard covers for
 * another, both are taken out, because either alone would go unnoticed.
 */
import type { InputId } from "@holdfast/contracts";
import type {
  AdvanceCommand,
  AdvanceReply,
  ClaimReply,
  Journal,
  Ledger,
  SessionRecord,
  Store,
} from "@holdfast/runtime";
import type { Guarantee, ModelStore } from "@holdfast/testkit/simulation";

/** A broken store and how soon that must be noticed. */
export interface Mutant {
  readonly name: string;
  /** What is noticed, in one seed at least. */
  readonly breaks: Guarantee;
  /** Within this many seeds from 1. */
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
  { name: "a fence of the token alone", breaks: "G3", withinSeeds: 5_000, mutate: fencingByTokenOnly },
  { name: "a repeated settlement that stages anew", breaks: "G1", withinSeeds: 100, mutate: stagingAnew },
  { name: "a key that is taken twice", breaks: "G7", withinSeeds: 20, mutate: admittingTwice },
  { name: "a journal that believes anybody", breaks: "G5", withinSeeds: 300, mutate: journalingAnything },
];
