/**
 * Holds receipts, inputs and state of a session against each other (G4, G5).
 */
import {
  type InputId,
  type LedgerFault,
  MAX_LEDGER_FAULTS,
  type Receipt,
  type RunId,
  type SessionRef,
  type Verification,
} from "@holdfast/contracts";
import { contentBytesOf, INPUT_TABLE, verifyChain } from "@holdfast/domain";
import type { VerifyApi } from "../api/verify.ts";
import type { InputRecord } from "../ports/archive.ts";
import type { Page } from "../ports/page.ts";
import type { SessionRecord } from "../ports/session-directory.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { getSession } from "../session/get-session.ts";

const PAGE = 500;

/** The methods of {@link VerifyApi}. */
export function bindVerify(context: RuntimeContext): VerifyApi {
  return { verifySession: (ref) => verifySession(context, ref) };
}

async function verifySession(context: RuntimeContext, ref: SessionRef): Promise<Verification> {
  const { archive, directory } = context.store;
  const record = await getSession(directory, ref);
  const found = new Findings();
  // What is committed from here on is left out: the bound is that of the record.
  const receipts = await readReceipts(context, ref, { record, found });
  checkHead(receipts.at(-1), record, found);
  await checkContent(context, ref, { last: receipts.at(-1), record, found });
  const inputs = await readAll((after) => archive.listInputs(ref, { after, limit: PAGE }), record.admitted);
  checkInputs({ receipts, inputs, admitted: record.admitted, found });
  const expired = {
    receipts: (receipts[0]?.position ?? record.position + 1) - 1,
    inputs: Math.max(0, record.admitted - inputs.length),
  };
  const { faults } = found;
  return { isSound: faults.length === 0, receipts: receipts.length, inputs: inputs.length, expired, faults };
}

/** Faults, as many as are named. */
class Findings {
  readonly faults: LedgerFault[] = [];

  add(fault: LedgerFault): void {
    if (this.faults.length < MAX_LEDGER_FAULTS) this.faults.push(fault);
  }
}

interface Scope {
  readonly record: SessionRecord;
  readonly found: Findings;
}

async function readReceipts(context: RuntimeContext, ref: SessionRef, { record, found }: Scope): Promise<Receipt[]> {
  const { archive } = context.store;
  const receipts: Receipt[] = [];
  for (let after = 0; after < record.position; ) {
    const { items, next } = await archive.listReceipts(ref, { after, limit: PAGE });
    const fresh = items.filter(({ position }) => position <= record.position);
    // Each page with the receipt before it, so that no link falls between two.
    const verdict = verifyChain([...receipts.slice(-1), ...fresh], context.sha256);
    if (verdict.kind === "broken") found.add({ kind: verdict.reason, position: verdict.position });
    receipts.push(...fresh);
    if (next === null) break;
    after = next;
  }
  if (receipts.length > 0 && receipts.at(-1)?.position !== record.position) {
    found.add({ kind: "not_dense", position: record.position });
  }
  checkSequences(receipts, found);
  return receipts;
}

function checkSequences(receipts: readonly Receipt[], found: Findings): void {
  const last = new Map<RunId, number>();
  // Old receipts are retained for a while only: a run may begin in the middle of what is left.
  const isWhole = receipts[0]?.position === 1;
  for (const { runId, sequence, position } of receipts) {
    const before = last.get(runId) ?? (isWhole ? 0 : sequence - 1);
    if (sequence !== before + 1) found.add({ kind: "sequence_not_dense", position, runId });
    last.set(runId, sequence);
  }
}

function checkHead(last: Receipt | undefined, { position, digest }: SessionRecord, found: Findings): void {
  if (position === 0 || last === undefined) return;
  if (last.digest !== digest) found.add({ kind: "head_mismatch", position });
}

/** Only the last receipt can be held against the state: that of older ones is gone. */
async function checkContent(
  context: RuntimeContext,
  ref: SessionRef,
  { last, record, found }: Scope & { readonly last: Receipt | undefined },
): Promise<void> {
  if (last === undefined || last.result !== "completed") return;
  const { archive } = context.store;
  const [contributor] = last.contributors;
  const input = contributor === undefined ? null : await archive.findInput(ref, contributor);
  const stored = await archive.findState(ref);
  if (stored === null || stored.position !== record.position || input === null || input.outcome === null) return;
  const output = input.outcome.kind === "completed" ? JSON.stringify(input.outcome.output) : null;
  const { conversationDigest = null, messageCount } = last;
  // Whether the boundary left the state alone is not kept: either is what was vouched for.
  const isVouched = [stored.state, null].some((state) => {
    return context.sha256(contentBytesOf({ state, output, conversationDigest, messageCount })) === last.contentDigest;
  });
  if (!isVouched) found.add({ kind: "content_mismatch", position: last.position });
}

async function readAll(
  load: (after: number) => Promise<Page<InputRecord>>,
  admitted: number,
): Promise<readonly InputRecord[]> {
  const inputs: InputRecord[] = [];
  for (let after: number | null = 0; after !== null && after < admitted; ) {
    const page: Page<InputRecord> = await load(after);
    inputs.push(...page.items);
    after = page.next;
  }
  return inputs;
}

interface Checked {
  readonly receipts: readonly Receipt[];
  readonly inputs: readonly InputRecord[];
  /** Inputs that were ever admitted: with fewer left, one that is missing may have been let go. */
  readonly admitted: number;
  readonly found: Findings;
}

function checkInputs(checked: Checked): void {
  const settledBy = checkContributors(checked);
  const { receipts, inputs, found } = checked;
  const [first, last] = [receipts[0]?.position ?? 1, receipts.at(-1)?.position ?? 0];
  for (const { inputId, outcome } of inputs) {
    const position = positionOf(outcome);
    // What was committed meanwhile names a later position than any receipt that was read.
    if (position === null || position < first || position > last) continue;
    if (!settledBy.has(inputId)) found.add({ kind: "receipt_missing", inputId });
  }
}

function positionOf(outcome: InputRecord["outcome"]): number | null {
  return outcome !== null && "position" in outcome ? (outcome.position ?? null) : null;
}

function checkContributors({ receipts, inputs, admitted, found }: Checked): ReadonlyMap<InputId, RunId> {
  const known = new Map(inputs.map((input) => [input.inputId, input]));
  const isWhole = inputs.length >= admitted;
  const settledBy = new Map<InputId, RunId>();
  for (const { contributors, position, runId } of receipts) {
    for (const inputId of contributors) {
      const kind = findContributorFault({ input: known.get(inputId), isWhole, runId, earlier: settledBy.get(inputId) });
      if (kind !== null) found.add({ kind, position, runId, inputId });
      settledBy.set(inputId, runId);
    }
  }
  return settledBy;
}

function findContributorFault(contributor: {
  readonly input: InputRecord | undefined;
  readonly isWhole: boolean;
  readonly runId: RunId;
  readonly earlier: RunId | undefined;
}): LedgerFault["kind"] | null {
  const { input, isWhole, runId, earlier } = contributor;
  if (input === undefined) return isWhole ? "contributor_missing" : null;
  if (earlier !== undefined && earlier !== runId) return "contributor_repeated";
  return isUnsettled(input, runId) ? "contributor_unsettled" : null;
}

/** An input under a receipt ended by it, or, after a checkpoint, is on its way to. */
function isUnsettled({ status, runId }: InputRecord, settledBy: RunId): boolean {
  if (status === "queued" || status === "staged") return true;
  return INPUT_TABLE.finalStates.includes(status) && runId !== null && runId !== settledBy;
}
