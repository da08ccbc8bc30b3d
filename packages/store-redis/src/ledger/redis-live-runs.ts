import type { Ack, CancelMode } from "@holdfast/contracts";
import type { CheckpointCommand, CheckpointReply, LiveRuns, StallCommand, StallReply } from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";
import { boundaryColumns } from "./encode-commands.ts";
import { asReply, decodeInputs, decodeUnwritten, nodes, number, type Reply, tagOf, text } from "./replies.ts";

interface LiveRunsOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
  readonly ack: () => Ack;
}

/** Writes of runs in progress, on Redis. */
export function createRedisLiveRuns(options: LiveRunsOptions): LiveRuns {
  return {
    checkpoint: (command) => checkpoint(options, command),
    noteStall: (command) => noteStall(options, command),
  };
}

const NO_BOUNDARY = {
  sequence: 0,
  expectedPosition: 0,
  previousDigest: "",
  boundary: "",
  contributors: "",
  contentDigest: "",
  conversationDigest: "",
  messageCount: 0,
  digest: "",
  state: "",
  data: "",
} as const;

async function checkpoint({ scripts, keys, ack }: LiveRunsOptions, command: CheckpointCommand) {
  const { ref, fence, attempt, call, callDigest, boundary, inbox } = command;
  const reply = asReply(
    await scripts.run("checkpoint-run", keys.session(ref).list, {
      ...fence,
      attempt,
      call,
      callDigest,
      ...(boundary === null ? NO_BOUNDARY : columnsOf(boundary)),
      maxInputs: inbox?.maxInputs ?? 0,
      maxBytes: inbox?.maxBytes ?? 0,
    }),
  );
  return decodeCheckpoint(reply, ack());
}

function columnsOf(boundary: NonNullable<CheckpointCommand["boundary"]>) {
  const { sequence, expectedPosition, previousDigest, contributors, data } = boundary;
  return {
    sequence,
    expectedPosition,
    previousDigest,
    boundary: boundary.boundary,
    contributors: contributors.join(","),
    ...boundaryColumns(boundary),
    data: data ?? "",
  };
}

function decodeCheckpoint(reply: Reply, ack: Ack): CheckpointReply {
  switch (tagOf(reply)) {
    case "taken": {
      const mode = text(reply, 3);
      return {
        kind: "taken",
        isRepeat: text(reply, 1) === "1",
        position: number(reply, 2),
        cancelMode: mode === "" ? null : (mode as CancelMode),
        inputs: decodeInputs(reply, 6),
        followers: nodes(reply, 4),
        cursor: number(reply, 5),
        ack,
      };
    }
    default:
      return decodeUnwritten("checkpoint-run", reply);
  }
}

async function noteStall({ scripts, keys }: LiveRunsOptions, { ref, fence }: StallCommand): Promise<StallReply> {
  const reply = asReply(await scripts.run("note-stall", keys.session(ref).list, { ...fence }));
  if (tagOf(reply) !== "noted") return { kind: "fenced" };
  return { kind: "noted", silentMs: number(reply, 1), followers: nodes(reply, 2), cursor: number(reply, 3) };
}
