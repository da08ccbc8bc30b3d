import type { InputId, RunId, SessionRef } from "@holdfast/contracts";
import type { InputRecord, Witnesses } from "@holdfast/runtime";
import { FIELD } from "../layout/fields.ts";
import { decodeRow, HOLD, RECEIPT, RUN } from "../layout/rows.ts";
import { listOf } from "../ledger/replies.ts";
import { findHolder } from "../session/find-holder.ts";
import type { ArchiveOptions } from "./archive-options.ts";
import { findInput, readFields, readInputs } from "./redis-archive.ts";

const HEADS = ["head", "away"] as const;

/** What the rows of a session on Redis can testify. */
export function createRedisWitnesses(options: ArchiveOptions): Witnesses {
  return {
    find: (ref, inputId) => findInput(options, ref, inputId, HEADS),
    ownerOf: async (ref, keyedId) => {
      const [owner] = await readFields(options, ref, [FIELD.key(keyedId)]);
      return owner ? (owner.toString() as InputId) : null;
    },
    ofRun: (ref, runId) => ofRun(options, ref, runId),
    holder: (ref) => findHolder(options, ref),
  };
}

/** The inputs of a run stand in its receipts, in its row where none names them, and in the hold while it is staged. */
async function ofRun(options: ArchiveOptions, ref: SessionRef, runId: RunId): Promise<readonly InputRecord[]> {
  const [holdRow, runRow] = await readFields(options, ref, ["hold", FIELD.run(runId)]);
  const hold = holdRow && holdRow.length > 0 ? decodeRow(HOLD, holdRow) : null;
  const run = runRow ? decodeRow(RUN, runRow) : null;
  const receipts = await readFields(
    options,
    ref,
    listOf(run?.positions ?? "").map((at) => FIELD.receipt(Number(at))),
  );
  const lists = [
    ...receipts.map((row) => (row ? decodeRow(RECEIPT, row).contributors : "")),
    run?.inputs ?? "",
    hold?.runId === runId ? hold.staged : "",
  ];
  const { records } = await readInputs(options, ref, [...new Set(lists.flatMap(listOf))] as InputId[], HEADS);
  return records.filter((input) => input.runId === runId).sort((one, other) => one.admission - other.admission);
}
