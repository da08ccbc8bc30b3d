import type { NodeId, SessionRef } from "@holdfast/contracts";
import type { ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";
import { asReply, tagOf, text } from "../ledger/replies.ts";

/** What a holder is asked for with. */
export interface HolderOptions {
  readonly scripts: Pick<ScriptRunner, "run">;
  readonly keys: Keyspace;
}

/** The worker whose lease on a session is live, or `null`. Whether it is, scripts alone judge: by one rule and one clock. */
export async function findHolder({ scripts, keys }: HolderOptions, ref: SessionRef): Promise<NodeId | null> {
  const reply = asReply(await scripts.run("find-holder", keys.session(ref).list, {}));
  return tagOf(reply) === "held" ? (text(reply, 1) as NodeId) : null;
}

const MAX_LOOKS = 5;

/**
 * What is read of a session, and whether somebody holds the run in it. Between the
 * two a run may end: only one that stands unchanged in a second reading has lost its worker.
 */
export async function readWithHolder<Reading extends { readonly hold: Buffer | null }>(
  options: HolderOptions,
  ref: SessionRef,
  read: () => Promise<Reading | null>,
): Promise<{ readonly reading: Reading; readonly isBusy: boolean } | null> {
  let before = null as Buffer | null;
  for (let look = 1; ; look += 1) {
    const reading = await read();
    if (reading === null) return null;
    if (reading.hold === null) return { reading, isBusy: false };
    if ((await findHolder(options, ref)) !== null) return { reading, isBusy: true };
    if (look === MAX_LOOKS || before?.equals(reading.hold) === true) return { reading, isBusy: false };
    before = reading.hold;
  }
}
