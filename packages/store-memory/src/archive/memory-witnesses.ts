import type { Witnesses } from "@holdfast/runtime";
import { isLive, type MemoryContext, openAny } from "../session/work.ts";
import { inputRecord } from "./memory-archive.ts";

/** What a session in process can testify. */
export function createMemoryWitnesses(context: MemoryContext): Witnesses {
  return {
    find: async (ref, inputId) => {
      const session = openAny(context, ref)?.session;
      const input = session?.inputs.get(inputId);
      return session === undefined || input === undefined ? null : inputRecord(session, input);
    },
    ownerOf: async (ref, keyedId) => openAny(context, ref)?.session.keys.get(keyedId) ?? null,
    ofRun: async (ref, runId) => {
      const session = openAny(context, ref)?.session;
      if (session === undefined) return [];
      const records = [...session.inputs.values()].map((input) => inputRecord(session, input));
      return records.filter((input) => input.runId === runId).sort((one, other) => one.admission - other.admission);
    },
    holder: async (ref) => {
      const work = openAny(context, ref);
      const hold = work?.session.hold ?? null;
      return work !== null && isLive(hold, work) ? hold.node : null;
    },
  };
}
