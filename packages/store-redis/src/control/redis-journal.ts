import type { Journal, LoadStepsQuery, SettledStep, SettleStepCommand, SettleStepReply } from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import { FIELD } from "../layout/fields.ts";
import type { Keyspace } from "../layout/keys.ts";
import { asReply, tagOf, text } from "../ledger/replies.ts";

interface JournalOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
}

const PAGE = 500;

/** The step journal on Redis: numbered fields of the session. */
export function createRedisJournal(options: JournalOptions): Journal {
  return {
    load: (query) => load(options, query),
    settle: (command) => settle(options, command),
  };
}

async function load({ scripts, keys }: JournalOptions, { ref, runId, entries }: LoadStepsQuery) {
  const { session } = keys.session(ref);
  const steps: SettledStep[] = [];
  for (let from = 1; from <= entries; from += PAGE) {
    const count = Math.min(PAGE, entries - from + 1);
    const fields = Array.from({ length: count }, (_, offset) => FIELD.step(runId, from + offset));
    const rows = await scripts.read((client) => client.hmget(session, ...fields));
    for (const row of rows) {
      // A gap means that the run has ended and its journal is being removed: nobody needs the rest.
      if (row === null) return steps;
      const separator = row.indexOf(" ");
      steps.push({ key: row.slice(0, separator), value: row.slice(separator + 1) });
    }
  }
  return steps;
}

async function settle({ scripts, keys }: JournalOptions, command: SettleStepCommand): Promise<SettleStepReply> {
  const { ref, fence, index, key, value } = command;
  const reply = asReply(await scripts.run("settle-step", keys.session(ref).list, { ...fence, index, key, value }));
  return tagOf(reply) === "settled" ? { kind: "settled", value: text(reply, 1) } : { kind: "fenced" };
}
