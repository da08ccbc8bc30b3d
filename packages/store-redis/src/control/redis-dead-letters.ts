import { AppError, type InputId, type SessionRef } from "@holdfast/contracts";
import type { DeadLetters, DiscardReply } from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";
import { asReply, nodes, number, tagOf, text, unexpected } from "../ledger/replies.ts";
import { listSessions } from "../session/redis-session-directory.ts";

interface DeadLetterOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
}

/** Dead letters on Redis: numbered fields of the session, and an entry of its bucket's index while it has some. */
export function createRedisDeadLetters(options: DeadLetterOptions): DeadLetters {
  return {
    discard: (ref, inputId) => discard(options, ref, inputId),
    listSessions: (query) => listSessions(options, "l", query),
  };
}

async function discard({ scripts, keys }: DeadLetterOptions, ref: SessionRef, inputId: InputId): Promise<DiscardReply> {
  const { member, list } = keys.session(ref);
  const reply = asReply(await scripts.run("discard-letter", list, { member, inputId }));
  switch (tagOf(reply)) {
    case "discarded":
      return { kind: "discarded", followers: nodes(reply, 1), cursor: number(reply, 2) };
    case "not_dead_letter":
      return { kind: "not_dead_letter", redrivenBy: text(reply, 1) === "" ? null : (text(reply, 1) as InputId) };
    case "no_input":
      return { kind: "no_input" };
    case "missing":
      return { kind: "missing" };
    case "torn":
      throw new AppError("session.torn");
    default:
      return unexpected("discard-letter", reply);
  }
}
