/**
 * A store whose large content lies beside its ledger: payloads of inputs, states,
 * outputs, and what runs keep. It is put before the script that refers to it, and
 * read where somebody is handed it. Digests and fingerprints are of the content,
 * wherever it lies.
 *
 * Where a worker is handed what is named and not found, whoever needs it fails
 * with `blob.missing`, so that its input is tried again and at last listed as a
 * dead letter. A reader of an input or a state is told the same, a page names the
 * input as corrupt, and an outcome keeps the reference in the place of its output.
 */
import type { Outcome, SessionRef, Timing } from "@holdfast/contracts";
import type { Archive, InputRecord } from "../ports/archive.ts";
import type { DirectRuns } from "../ports/direct-runs.ts";
import type { AdmitCommand, AdvanceCommand, Ledger, Settlement, StagedBatch, StagedInput } from "../ports/ledger.ts";
import type { LiveRuns } from "../ports/live-runs.ts";
import type { Page } from "../ports/page.ts";
import type { Sha256 } from "../ports/sha256.ts";
import type { Store } from "../ports/store.ts";
import { blobNameOf } from "./blob-name.ts";
import {
  findReference,
  looksLikeReference,
  missingBlob,
  missingContent,
  missingNameOf,
  referenceTo,
} from "./content-reference.ts";
import { keepBlob } from "./keep-blob.ts";

/** What is large, and what keeping it needs. */
export interface LargeContentOptions {
  readonly sha256: Sha256;
  readonly timing: Timing;
  /** Content of more bytes lies beside the ledger. */
  readonly inlineBytes: number;
}

/** A store that keeps large content as blobs. Every process of a store must read through one. */
export function withLargeContent(store: Store, options: LargeContentOptions): Store {
  const content = new LargeContent(store, options);
  return {
    ...store,
    ledger: ledgerWith(content, store.ledger),
    archive: archiveWith(content, store.archive),
    liveRuns: liveRunsWith(content, store.liveRuns),
    directRuns: directRunsWith(content, store.directRuns),
    control: {
      ...store.control,
      resume: async (command) => {
        return store.control.resume({ ...command, value: await content.keep(command.ref, command.value) });
      },
    },
    witnesses: {
      ...store.witnesses,
      find: async (ref, inputId) => content.readRecord(ref, await store.witnesses.find(ref, inputId)),
      ofRun: async (ref, runId) => {
        const records = await store.witnesses.ofRun(ref, runId);
        return Promise.all(records.map(async (record) => (await content.readRecord(ref, record)) as InputRecord));
      },
    },
  };
}

class LargeContent {
  readonly #store: Store;
  readonly #options: LargeContentOptions;

  constructor(store: Store, options: LargeContentOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** What the ledger is given for a content. */
  async keep(ref: SessionRef, text: string): Promise<string> {
    const { sha256, timing, inlineBytes } = this.#options;
    // UTF-8 needs at most three bytes for one UTF-16 unit: count only when it could matter.
    const isSmall = text.length * 3 <= inlineBytes || Buffer.byteLength(text) <= inlineBytes;
    if (isSmall && !looksLikeReference(text)) return text;
    const bytes = Buffer.from(text);
    // Not the name that the same bytes would have as an image.
    const name = blobNameOf(sha256, `json ${text}`);
    await keepBlob({ store: this.#store, timing }, ref, { name, content: bytes });
    return referenceTo({ name, bytes: bytes.length }, text);
  }

  keepOrNull(ref: SessionRef, text: string | null): Promise<string | null> {
    return text === null ? NOTHING : this.keep(ref, text);
  }

  /** The content a stored text is or stands for, or that it is missing. */
  async read(ref: SessionRef, text: string): Promise<string> {
    const reference = findReference(text);
    if (reference === null) return text;
    const blob = await this.#store.blobs.find(ref, reference.name);
    return blob === null ? missingContent(reference) : Buffer.from(blob).toString();
  }

  readOrNull(ref: SessionRef, text: string | null): Promise<string | null> {
    return text === null ? NOTHING : this.read(ref, text);
  }

  async readInputs(ref: SessionRef, inputs: readonly StagedInput[]): Promise<readonly StagedInput[]> {
    if (!inputs.some(({ payload }) => looksLikeReference(payload))) return inputs;
    return Promise.all(inputs.map(async (input) => ({ ...input, payload: await this.read(ref, input.payload) })));
  }

  async readBatch(ref: SessionRef, batch: StagedBatch): Promise<StagedBatch> {
    const { data, value } = batch.kept;
    const kept = { data: await this.readOrNull(ref, data), value: await this.readOrNull(ref, value) };
    return { ...batch, inputs: await this.readInputs(ref, batch.inputs), kept };
  }

  /** An outcome with its output; one that is missing stays a reference. */
  async readOutcome<O extends Outcome>(ref: SessionRef, outcome: O): Promise<O> {
    if (!("output" in outcome) || !isReferenceValue(outcome.output)) return outcome;
    const text = await this.read(ref, JSON.stringify(outcome.output));
    return missingNameOf(text) === null ? { ...outcome, output: JSON.parse(text) as unknown } : outcome;
  }

  /** @throws blob.missing */
  async readRecord(ref: SessionRef, record: InputRecord | null): Promise<InputRecord | null> {
    if (record === null) return null;
    const payload = found(await this.read(ref, record.payload));
    return {
      ...record,
      payload,
      outcome: record.outcome === null ? null : await this.readOutcome(ref, record.outcome),
    };
  }

  async readPage(ref: SessionRef, page: Page<InputRecord>): Promise<Page<InputRecord>> {
    const items: InputRecord[] = [];
    const corrupt = [...(page.corrupt ?? [])];
    for (const record of page.items) {
      const payload = await this.read(ref, record.payload);
      if (missingNameOf(payload) !== null) corrupt.push(record.inputId);
      else items.push((await this.readRecord(ref, { ...record, payload })) as InputRecord);
    }
    return { items, next: page.next, ...(corrupt.length === 0 ? {} : { corrupt }) };
  }

  async keepSettlement(ref: SessionRef, settlement: Settlement): Promise<Settlement> {
    if (!("digest" in settlement)) return settlement;
    const state = await this.keepOrNull(ref, settlement.state);
    if (settlement.kind === "suspended") {
      return { ...settlement, state, data: await this.keepOrNull(ref, settlement.data) };
    }
    if (settlement.kind === "superseded") return { ...settlement, state };
    return { ...settlement, state, output: await this.keepOrNull(ref, settlement.output) };
  }

  async keepAdmission(command: AdmitCommand): Promise<AdmitCommand> {
    const { ref, input, merge } = command;
    const payload = await this.keep(ref, input.payload);
    const isMerged = merge !== null && merge !== "declined";
    return {
      ...command,
      input: { ...input, payload },
      merge: isMerged ? { ...merge, payload: await this.keep(ref, merge.payload) } : merge,
    };
  }
}

/** @throws blob.missing */
function found(text: string): string {
  const missing = missingNameOf(text);
  if (missing !== null) throw missingBlob(missing);
  return text;
}

const NOTHING = Promise.resolve(null);

/** Whether a parsed content is a reference: none that is not ours was ever stored so. */
function isReferenceValue(value: unknown): boolean {
  return typeof value === "object" && value !== null && "$blob" in value && looksLikeReference(JSON.stringify(value));
}

function ledgerWith(content: LargeContent, ledger: Ledger): Ledger {
  return {
    ...ledger,
    admit: async (command) => {
      const reply = await ledger.admit(await content.keepAdmission(command));
      if (reply.kind !== "mergeable") return reply;
      return { ...reply, payload: await content.read(command.ref, reply.payload) };
    },
    claim: async (command) => {
      const reply = await ledger.claim(command);
      if (reply.kind !== "staged") return reply;
      const { ref } = command;
      const { state } = reply;
      return {
        ...reply,
        batch: await content.readBatch(ref, reply.batch),
        state: state.kind === "cached" ? state : { kind: "stored", state: await content.readOrNull(ref, state.state) },
      };
    },
    advance: (command) => advance(content, ledger, command),
    watch: async (command) => {
      const reply = await ledger.watch(command);
      if (reply.kind === "watching" || reply.outcome === undefined) return reply;
      return { ...reply, outcome: await content.readOutcome(command.ref, reply.outcome) };
    },
  };
}

async function advance(content: LargeContent, ledger: Ledger, command: AdvanceCommand) {
  const { ref } = command;
  const settlement = await content.keepSettlement(ref, command.settlement);
  const reply = await ledger.advance({ ...command, settlement });
  if (reply.kind !== "committed") return reply;
  const settled = await Promise.all(
    reply.settled.map(async (ended) => ({ ...ended, outcome: await content.readOutcome(ref, ended.outcome) })),
  );
  const { next } = reply;
  const isStaged = next.kind === "staged";
  return { ...reply, settled, next: isStaged ? { ...next, batch: await content.readBatch(ref, next.batch) } : next };
}

function archiveWith(content: LargeContent, archive: Archive): Archive {
  return {
    ...archive,
    findInput: async (ref, inputId) => content.readRecord(ref, await archive.findInput(ref, inputId)),
    listInputs: async (ref, query) => content.readPage(ref, await archive.listInputs(ref, query)),
    listDeadLetters: async (ref, query) => content.readPage(ref, await archive.listDeadLetters(ref, query)),
    findState: async (ref) => {
      const stored = await archive.findState(ref);
      if (stored === null) return null;
      const state = await content.readOrNull(ref, stored.state);
      return { ...stored, state: state === null ? null : found(state) };
    },
  };
}

function liveRunsWith(content: LargeContent, liveRuns: LiveRuns): LiveRuns {
  return {
    ...liveRuns,
    checkpoint: async (command) => {
      const { ref, boundary } = command;
      const kept =
        boundary === null
          ? null
          : {
              ...boundary,
              state: await content.keepOrNull(ref, boundary.state),
              data: await content.keepOrNull(ref, boundary.data),
            };
      const reply = await liveRuns.checkpoint({ ...command, boundary: kept });
      return reply.kind === "taken" ? { ...reply, inputs: await content.readInputs(ref, reply.inputs) } : reply;
    },
  };
}

function directRunsWith(content: LargeContent, directRuns: DirectRuns): DirectRuns {
  return {
    ...directRuns,
    begin: async (command) => {
      const admission = await content.keepAdmission(command.admission);
      const reply = await directRuns.begin({ ...command, admission });
      if (reply.kind !== "begun") return reply;
      const { ref } = admission;
      const state = await content.readOrNull(ref, reply.state);
      return { ...reply, state, batch: await content.readBatch(ref, reply.batch) };
    },
  };
}
