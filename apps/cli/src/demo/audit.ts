/**
 * Compares what a sender was told of a session with what its ledger says: inputs
 * and how they ended, in the order of admission; receipts without a gap, chained,
 * under ever newer fences, of exactly those inputs in exactly that order.
 */
import type { Holdfast, InputView, SessionRuntime } from "holdfast";
import type { ToldInput } from "./story.ts";

type Receipt = Awaited<ReturnType<SessionRuntime["listReceipts"]>>["items"][number];

const PAGE = 200;

/** What is wrong with a session, a line each. */
export async function auditSession(
  holdfast: Holdfast,
  session: string,
  told: readonly ToldInput[],
): Promise<readonly string[]> {
  const { ref } = holdfast.session(session);
  const { runtime } = holdfast;
  const [inputs, receipts] = await Promise.all([
    all((after) => runtime.listInputs(ref, { after, limit: PAGE })),
    all((after) => runtime.listReceipts(ref, { after, limit: PAGE })),
  ]);
  return [...inputFaults(inputs, told), ...receiptFaults(receipts, told)].map((fault) => `${session}: ${fault}`);
}

function inputFaults(inputs: readonly InputView[], told: readonly ToldInput[]): string[] {
  const faults = inputs.length === told.length ? [] : [`${inputs.length} inputs, ${told.length} acknowledged`];
  for (const [index, { inputId, admission, end }] of told.entries()) {
    const stored = inputs[index];
    if (stored?.inputId !== inputId || stored.admission !== admission || admission !== index + 1) {
      faults.push(`input ${index + 1} is not the one that was acknowledged`);
    } else if (end === "open" || end === "other" || (stored.status === "consumed") !== (end === "consumed")) {
      faults.push(`input ${admission} is ${stored.status}, and its sender was told ${end}`);
    }
  }
  return faults;
}

function receiptFaults(receipts: readonly Receipt[], told: readonly ToldInput[]): string[] {
  const faults: string[] = [];
  for (const [index, receipt] of receipts.entries()) {
    const before = receipts[index - 1];
    if (receipt.position !== index + 1) faults.push(`receipt ${index + 1} has position ${receipt.position}`);
    if (before === undefined) continue;
    if (receipt.previousDigest !== before.digest) faults.push(`receipt ${receipt.position} breaks the chain`);
    if (receipt.token <= before.token) faults.push(`receipt ${receipt.position} has a fence that is not newer`);
  }
  for (const [result, end] of [
    ["completed", "consumed"],
    ["cancelled", "cancelled"],
  ] as const) {
    const contributors = receipts.filter((receipt) => receipt.result === result).flatMap((it) => it.contributors);
    const expected = told.filter((input) => input.end === end && input.hasReceipt).map(({ inputId }) => inputId);
    if (contributors.join() !== expected.join())
      faults.push(`${result} receipts are not of the ${end} inputs in order`);
  }
  return faults;
}

async function all<T>(
  load: (after: number) => Promise<{ readonly items: readonly T[]; readonly next: number | null }>,
) {
  const items: T[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: Awaited<ReturnType<typeof load>> = await load(after);
    items.push(...page.items);
    after = page.next;
  }
  return items;
}
