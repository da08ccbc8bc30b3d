import { createHash } from "node:crypto";
import { ClaimId, type Receipt, RunId } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../src/input/fingerprint.ts";
import {
  contentBytes,
  GENESIS_DIGEST,
  type ReceiptDraft,
  receiptBytes,
  verifyChain,
} from "../../src/receipt/digest.ts";
import { inputId } from "../input/sample-input.ts";

const hash = (value: string) => createHash("sha256").update(value).digest("hex");

function draft(position: number, previousDigest: string): ReceiptDraft {
  return {
    runId: RunId.parse("run_aaaaaaaa"),
    sequence: position,
    position,
    boundary: "run_start",
    result: "completed",
    contributors: [inputId(position)],
    token: 7,
    claimId: ClaimId.parse("clm_aaaaaaaa"),
    contentDigest: hash(contentBytes({ state: { n: position }, output: null, messageCount: position })),
    messageCount: position,
    previousDigest,
  };
}

function seal(body: ReceiptDraft): Receipt {
  const stamps = {
    generation: 0,
    committedAt: "2025-01-01T00:00:00.000Z",
    ack: { level: "memory", timeline: 0 },
  } as const;
  return { ...body, ...stamps, digest: hash(receiptBytes(body)) };
}

function chain(length: number): Receipt[] {
  const receipts: Receipt[] = [];
  for (let position = 1; position <= length; position += 1) {
    receipts.push(seal(draft(position, receipts.at(-1)?.digest ?? GENESIS_DIGEST)));
  }
  return receipts;
}

/** A chain of four whose third receipt is replaced. */
function tampered(change: (third: Receipt) => Receipt): Receipt[] {
  return chain(4).map((receipt) => (receipt.position === 3 ? change(receipt) : receipt));
}

it("hashes canonical JSON, whose bytes a reader can make from the receipt (C1)", () => {
  for (const conversation of [{}, { conversationDigest: "ab" }]) {
    const receipt = { ...draft(1, GENESIS_DIGEST), ...conversation };

    expect(receiptBytes(receipt)).toBe(canonicalJson(receipt));
  }
});

describe("contentBytes", () => {
  it("covers state, output, conversation and count", () => {
    const content = { state: 1, output: 2, conversationDigest: "ab", messageCount: 3 };

    expect(contentBytes(content)).toBe('{"conversationDigest":"ab","messageCount":3,"output":2,"state":1}');
  });

  it("tells an absent output from null", () => {
    expect(contentBytes({ state: {}, messageCount: 0 })).not.toBe(
      contentBytes({ state: {}, output: null, messageCount: 0 }),
    );
  });
});

describe("receiptBytes", () => {
  const receipt = seal(draft(1, GENESIS_DIGEST));

  it("gives a stored receipt the bytes of its draft (I1)", () => {
    expect(receiptBytes(receipt)).toBe(receiptBytes(draft(1, GENESIS_DIGEST)));
  });

  it.each([
    { runId: RunId.parse("run_bbbbbbbb") },
    { sequence: 2 },
    { position: 2 },
    { boundary: "run_checkpoint" as const },
    { result: "cancelled" as const },
    { contributors: [] },
    { token: 8 },
    { claimId: ClaimId.parse("clm_bbbbbbbb") },
    { contentDigest: "other" },
    { conversationDigest: "new" },
    { messageCount: 9 },
    { previousDigest: "other" },
  ])("covers %j (I1)", (change) => {
    expect(receiptBytes({ ...receipt, ...change })).not.toBe(receiptBytes(receipt));
  });

  it.each([
    { generation: 5 },
    { committedAt: "2030-01-01T00:00:00.000Z" },
    { ack: { level: "fsync" as const, timeline: 3 } },
    { digest: "other" },
  ])("does not cover %j, which only the store knows (I1)", (change) => {
    const changed: Receipt = { ...receipt, ...change };

    expect(receiptBytes(changed)).toBe(receiptBytes(receipt));
  });

  it("covers the order of contributors (I1)", () => {
    const [one, two] = [inputId(1), inputId(2)];

    expect(receiptBytes({ ...receipt, contributors: [one, two] })).not.toBe(
      receiptBytes({ ...receipt, contributors: [two, one] }),
    );
  });
});

describe("verifyChain", () => {
  it("calls an untouched chain intact, also when its beginning is gone", () => {
    expect(verifyChain(chain(4), hash)).toEqual({ kind: "intact" });
    expect(verifyChain(chain(4).slice(2), hash)).toEqual({ kind: "intact" });
    expect(verifyChain([], hash)).toEqual({ kind: "intact" });
  });

  it("finds a changed receipt (I1)", () => {
    const verdict = verifyChain(
      tampered((third) => ({ ...third, contributors: [inputId(9)] })),
      hash,
    );

    expect(verdict).toEqual({ kind: "broken", position: 3, reason: "digest_mismatch" });
  });

  it("finds a receipt that was changed and sealed again, at its successor (I2)", () => {
    const verdict = verifyChain(
      tampered((third) => seal({ ...third, token: 99 })),
      hash,
    );

    expect(verdict).toEqual({ kind: "broken", position: 4, reason: "not_chained" });
  });

  it("finds a receipt that names another predecessor (I2)", () => {
    const verdict = verifyChain(
      tampered((third) => seal({ ...third, previousDigest: hash("other") })),
      hash,
    );

    expect(verdict).toEqual({ kind: "broken", position: 3, reason: "not_chained" });
  });

  it("finds a first receipt that does not begin the chain (I2)", () => {
    const verdict = verifyChain([seal(draft(1, hash("other")))], hash);

    expect(verdict).toEqual({ kind: "broken", position: 1, reason: "not_chained" });
  });

  it.each([
    ["missing", (all: Receipt[]) => all.filter(({ position }) => position !== 3), 4],
    ["repeated", (all: Receipt[]) => all.flatMap((one) => (one.position === 3 ? [one, one] : [one])), 3],
    ["out of order", (all: Receipt[]) => all.toReversed(), 3],
  ])("finds a receipt that is %s (I3)", (_name, change, position) => {
    expect(verifyChain(change(chain(4)), hash)).toEqual({ kind: "broken", position, reason: "not_dense" });
  });
});
