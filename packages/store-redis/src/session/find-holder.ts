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
