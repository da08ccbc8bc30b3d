import type { InputId, InputStatus, RunId, SessionPhase, Timing } from "@holdfast/contracts";
import { KindId, SessionSettings } from "@holdfast/contracts";
import type { BeginRunCommand, BeginRunReply, DirectRuns } from "@holdfast/runtime";
import type { MemoryWatch } from "../connection/memory-watch.ts";
import { encodeConstants, type ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";
import { encodeColumn } from "./encode-commands.ts";
import { asReply, decodeBatch, nodes, number, type Reply, tagOf, text, unexpected } from "./replies.ts";

interface DirectRunsOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
  readonly timing: Timing;
  /** Beyond its watermark, nothing new is admitted. */
  readonly memory: MemoryWatch;
}

/** Runs of senders on Redis: one script. */
export function createRedisDirectRuns(options: DirectRunsOptions): DirectRuns {
  return { begin: (command) => begin(options, command) };
}

async function begin(options: DirectRunsOptions, command: BeginRunCommand): Promise<BeginRunReply> {
  const { scripts, keys, timing, memory } = options;
  const { admission, claimId, newRunId, node } = command;
  const { ref, input } = admission;
  const { member, list } = keys.session(ref);
  const shortage = memory.isFull() ? await memory.findShortage() : null;
  const answer = await scripts.run(
    "begin-run",
    list,
    {
      member,
      inputId: input.id,
      keyedId: input.keyedId ?? "",
      fingerprint: input.fingerprint,
      isPrompt: input.isPrompt,
      isEphemeral: input.isEphemeral,
      kind: KindId.options.indexOf(input.kind) + 1,
      correlationId: encodeURIComponent(input.correlationId ?? ""),
      revision: admission.settingsRevision,
      idle: encodeColumn(admission, "idle"),
      payload: input.payload,
      claimId,
      newRunId,
      isStoreFull: shortage !== null,
    },
    encodeConstants("begin-run", { ...timing, node }),
  );
  const reply = asReply(answer);
  if (shortage !== null && tagOf(reply) === "store_full") return { kind: "store_full", ...shortage };
  return decodeBegin(reply);
}

function decodeBegin(reply: Reply): BeginRunReply {
  switch (tagOf(reply)) {
    case "begun":
      return {
        kind: "begun",
        admission: number(reply, 1),
        state: text(reply, 2) === "" ? null : text(reply, 2),
        followers: nodes(reply, 3),
        cursor: number(reply, 4),
        batch: decodeBatch(reply, 5),
      };
    case "active":
      return { kind: "active", runId: text(reply, 1) === "" ? null : (text(reply, 1) as RunId) };
    case "deduplicated":
      return {
        kind: "deduplicated",
        existingId: text(reply, 1) as InputId,
        status: text(reply, 3) as InputStatus,
      };
    case "mismatch":
      return { kind: "mismatch", existingId: text(reply, 1) as InputId };
    case "refused":
      return { kind: "refused", phase: text(reply, 1) as SessionPhase };
    case "stale_settings": {
      const settings = SessionSettings.parse(JSON.parse(text(reply, 2)));
      return { kind: "stale_settings", revision: number(reply, 1), settings };
    }
    case "chores":
    case "missing":
    case "torn":
      return { kind: tagOf(reply) as "chores" | "missing" | "torn" };
    default:
      return unexpected("begin-run", reply);
  }
}
