/**
 * Versions of executors: a session is bound to a range, a worker hosts one
 * version. Whether one lies in the other is decided here, because a store knows
 * nothing of versions; it asks about a range that it was told nothing of.
 */
import type { NodeId, SessionRef } from "@holdfast/contracts";
import { isVersionWithin } from "@holdfast/domain";
import type { ClaimReply, ExecutorRange, StagingOffer } from "../ports/ledger.ts";
import type { WorkerRecord } from "../ports/presence.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { HostedVersions } from "./hosted-versions.ts";

/** What a claim is made with. */
export interface RangedClaim {
  readonly context: RuntimeContext;
  readonly ref: SessionRef;
  readonly versions: HostedVersions;
  readonly offer: StagingOffer;
  readonly send: (offer: StagingOffer) => Promise<ClaimReply>;
}

/** A binding may move to another range between the question and the answer; it does not move for ever. */
const MAX_QUESTIONS = 3;

/**
 * Claims a session. One whose range this worker does not host goes to a worker
 * that does; with no such worker it is listed as unhosted, and reported.
 */
export async function claimInRange({ context, ref, versions, offer, send }: RangedClaim): Promise<ClaimReply> {
  let declined: ExecutorRange | null = null;
  for (let question = 1; ; question += 1) {
    const reply = await send({ ...offer, ranges: versions.ranges, declined });
    if (reply.kind === "not_hosted") {
      const { executor, versions: range } = reply;
      context.report({ level: "warn", phrase: "no worker hosts the executor", fields: { ref, executor, range } });
    }
    if (reply.kind !== "undecided" || question >= MAX_QUESTIONS) return reply;
    if (versions.admits(reply)) continue;
    const host = await findHost(context, reply);
    if (host !== null) {
      context.store.notifier.publish(host, { type: "session.due", ref, executor: reply.executor });
      return reply;
    }
    declined = reply;
  }
}

/** Some other worker that hosts the executor in a version of the range. */
async function findHost({ store, node, random }: RuntimeContext, range: ExecutorRange): Promise<NodeId | null> {
  const workers = await store.presence.list();
  const hosts = workers.filter((worker) => worker.node !== node && isHostOf(worker, range));
  return hosts[Math.floor(random.fraction() * hosts.length)]?.node ?? null;
}

function isHostOf({ executors }: WorkerRecord, range: ExecutorRange): boolean {
  return executors.some(({ name, version }) => name === range.executor && isVersionWithin(version, range.versions));
}
