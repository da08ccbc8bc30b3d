/** What operators do with inputs whose budget is spent. */
import { isAppError, type RequestId, type SessionRef } from "@holdfast/contracts";
import { binding } from "@holdfast/testkit";
import { expect, it } from "vitest";
import { executor, textsOf } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { keyed, send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const REQUEST = "request 1" as RequestId;
const OTHER_REQUEST = "request 2" as RequestId;

/** Fails for good what says "bad" and repeats everything else. */
function picky() {
  return executor((turn) => {
    const [text = ""] = textsOf(turn);
    if (!text.startsWith("bad")) return { kind: "completed", output: text };
    return { kind: "failed", failure: { code: "model.refused", message: "no" }, isRetryable: false };
  });
}

async function sendAll({ world, sender }: Stage, ref: SessionRef, texts: readonly string[]) {
  const ids = [];
  for (const text of texts) {
    const { inputId } = await send(sender, ref, keyed(`key of ${text}`, text), { createWith: binding() });
    ids.push(inputId);
    await world.advance(100);
  }
  return ids as [(typeof ids)[number], ...typeof ids];
}

/** What operators can do, on every store. */
export function describeDeadLetterVerbs(openStage: OpenStage): void {
  it("sends a dead letter again with an edit, once per request, and keeps its history [D51, D52]", async () => {
    const stage = await openStage();
    const { world, ref } = stage;
    const { runtime } = stage.sender;
    await stage.worker("worker", picky());
    const [dead] = await sendAll(stage, ref, ["bad one"]);
    const edit = { text: "good one" };

    const admission = await runtime.redriveDeadLetter(ref, dead, { requestId: REQUEST, edit });
    await world.advance(100);
    const repeat = await runtime.redriveDeadLetter(ref, dead, { requestId: REQUEST, edit });

    if (admission.kind !== "accepted") throw new Error(`the redrive was ${admission.kind}`);
    expect(repeat).toMatchObject({ kind: "deduplicated", existingId: admission.inputId });
    expect(await runtime.inputState(ref, { inputId: admission.inputId })).toMatchObject({
      redriveOf: dead,
      failures: 0,
      outcome: { kind: "completed", output: "good one" },
    });
    expect(await runtime.inputState(ref, { key: "key of bad one" })).toMatchObject({
      inputId: dead,
      redrivenBy: admission.inputId,
      failures: 1,
      outcome: { kind: "abandoned", failure: { code: "model.refused" } },
    });
    expect((await runtime.listDeadLetters(ref, { after: 0, limit: 10 })).items).toEqual([]);
  });

  it("refuses what was decided about, another edit under the same request, and an edit of who the input is", async () => {
    const stage = await openStage();
    const { ref } = stage;
    const { runtime } = stage.sender;
    await stage.worker("worker", picky());
    const [dead, other] = await sendAll(stage, ref, ["bad one", "bad two"]);
    const again = (requestId: RequestId, edit: object) => runtime.redriveDeadLetter(ref, dead, { requestId, edit });
    await again(REQUEST, {});

    const errors = [
      await rejection(again(OTHER_REQUEST, {})),
      await rejection(again(REQUEST, { text: "another" })),
      await rejection(again(OTHER_REQUEST, { idempotencyKey: "mine" })),
      await rejection(runtime.redriveDeadLetter(ref, "inp_unknown_1" as typeof dead, { requestId: REQUEST })),
    ];
    await runtime.discardDeadLetter(ref, other as typeof dead);
    errors.push(await rejection(runtime.discardDeadLetter(ref, other as typeof dead)));

    expect(errors.map((error) => (isAppError(error) ? error.code : error))).toEqual([
      "input.not_dead_letter",
      "idempotency.mismatch",
      "request.invalid",
      "input.not_found",
      "input.not_dead_letter",
    ]);
  });

  it("redrives all of a session in bounded steps and in their order, and passes over what cannot be sent", async () => {
    const stage = await openStage();
    const { world, ref } = stage;
    const { runtime } = stage.sender;
    let isMended = false;
    const order: string[] = [];
    const mendable = executor((turn) => {
      if (isMended) order.push(...textsOf(turn));
      if (isMended) return { kind: "completed" };
      return { kind: "failed", failure: { code: "model.refused", message: "no" }, isRetryable: false };
    });
    await stage.worker("worker", mendable);
    const texts = ["one", "two", "three", "four", "five"];
    const ids = await sendAll(stage, ref, texts);
    isMended = true;
    const steps: number[] = [];

    for (let after: string | null | undefined; after !== null; ) {
      const at = after === undefined ? {} : { after };
      const step = await runtime.redriveDeadLetters({ ref }, { requestId: REQUEST, limit: 2, ...at });
      steps.push(step.redriven.length);
      after = step.next;
    }
    await world.advance(1_000);

    expect(steps).toEqual([2, 2, 1]);
    expect(order).toEqual(texts);
    expect(await runtime.inputState(ref, { inputId: ids[0] })).toMatchObject({ outcome: { kind: "abandoned" } });
    expect(await runtime.redriveDeadLetters({ ref }, { requestId: OTHER_REQUEST })).toEqual({
      redriven: [],
      refused: [],
      next: null,
    });
  });

  it("redrives those of a tenant that failed with a code, and says which session refuses", async () => {
    const stage = await openStage();
    const { ref } = stage;
    const { runtime } = stage.sender;
    await stage.worker("worker", picky());
    const sessions = ["a", "b", "c"].map((name) => ({ ...ref, sessionId: name as SessionRef["sessionId"] }));
    for (const session of sessions) await sendAll(stage, session, ["bad one"]);
    await runtime.control(sessions[1] as SessionRef, { verb: "retire", requestId: OTHER_REQUEST });
    const { tenantId } = ref;
    const listed = await runtime.listSessionsWithDeadLetters({ tenantId, after: null, limit: 10 });
    const other = await runtime.redriveDeadLetters({ tenantId, code: "other.code" }, { requestId: REQUEST });
    const redriven: string[] = [];
    const refused: string[] = [];

    for (let after: string | null | undefined; after !== null; ) {
      const at = after === undefined ? {} : { after };
      const step = await runtime.redriveDeadLetters({ tenantId, code: "model.refused" }, { requestId: REQUEST, ...at });
      redriven.push(...step.redriven.map((item) => item.ref.sessionId));
      refused.push(...step.refused.map(({ ref: of, code }) => `${of.sessionId} ${code}`));
      after = step.next;
    }

    expect(listed.sessions.map(({ sessionId }) => sessionId).sort()).toEqual(["a", "b", "c"]);
    expect(other.redriven).toEqual([]);
    expect(redriven.sort()).toEqual(["a", "c"]);
    expect(refused).toEqual(["b session.not_accepting"]);
  });
}
