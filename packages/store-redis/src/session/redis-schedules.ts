import { type SessionPhase } from "@holdfast/contracts";
import type { SaveSchedulesCommand, SaveSchedulesReply, Schedules } from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import { type Keyspace, SCHEDULES_SUFFIX } from "../layout/keys.ts";
import { decodeRow, HEAD } from "../layout/rows.ts";
import { asReply, tagOf, unexpected } from "../ledger/replies.ts";

interface SchedulesOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
}

/** Schedules on Redis: a field of their session, and a member of its bucket's index. */
export function createRedisSchedules({ scripts, keys }: SchedulesOptions): Schedules {
  return {
    load: async (ref) => {
      const { session } = keys.session(ref);
      const [head, stored] = await scripts.read((client) => client.hmgetBuffer(session, "head", "schedules"));
      if (!head) return null;
      const [, version = "0", rows = ""] = /^(\d+)\|(.*)$/s.exec(stored?.toString() ?? "") ?? [];
      return { phase: decodeRow(HEAD, head).phase as SessionPhase, version: Number(version), rows };
    },
    save: async ({ ref, version, rows, nextAt }: SaveSchedulesCommand): Promise<SaveSchedulesReply> => {
      const { member, list } = keys.session(ref);
      const schedules = { member: `${member}${SCHEDULES_SUFFIX}`, version, rows, nextAt: nextAt ?? 0 };
      const reply = asReply(await scripts.run("save-schedules", list, schedules));
      const kind = tagOf(reply);
      if (kind === "saved" || kind === "changed" || kind === "missing" || kind === "torn") return { kind };
      return unexpected("save-schedules", reply);
    },
  };
}
