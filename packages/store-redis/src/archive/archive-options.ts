import type { Ack } from "@holdfast/contracts";
import type { ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";

/** What reads of a session work with. */
export interface ArchiveOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
  readonly ack: () => Ack;
}
