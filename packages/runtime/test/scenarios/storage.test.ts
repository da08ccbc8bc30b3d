import { describe } from "vitest";
import { describeCollection } from "./collection.ts";
import { describeLargeContent } from "./large-content.ts";
import { describeLimitedSessions } from "./limits.ts";
import { openMemoryStage } from "./memory-stage.ts";
import { describeRetained } from "./retention.ts";
import { type Corrupt, describeStorage } from "./storage.ts";

/** A store in process has no bytes that could be damaged: its reader is handed a payload that is. */
const corrupt: Corrupt = async (store, { inputId }) => {
  const { archive } = store;
  const listInputs: typeof archive.listInputs = async (ref, query) => {
    const page = await archive.listInputs(ref, query);
    const items = page.items.map((record) => (record.inputId === inputId ? { ...record, payload: "{" } : record));
    return { ...page, items };
  };
  return { ...store, archive: { ...archive, listInputs } };
};

describe("what is kept, on the store in process", () => {
  describeStorage(openMemoryStage, corrupt);
  describeLimitedSessions(openMemoryStage);
  describeCollection(openMemoryStage);
  describeLargeContent(openMemoryStage);
  describeRetained(openMemoryStage);
});
