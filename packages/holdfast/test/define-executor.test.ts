import { type ExecutorResult, ExecutorResult as Result } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { defineExecutor, type ExecutorTurn, ephemeral } from "../src/index.ts";

/** Closed until it is opened. */
class Door {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

type Answer = (turn: ExecutorTurn) => ExecutorResult;

/** What an executor answers with, and what became of the input it was given. */
async function outcomeOf(answer: Answer) {
  const given: ExecutorResult[] = [];
  const executor = defineExecutor("assistant", (turn) => {
    given.push(answer(turn));
    return given.at(-1) as ExecutorResult;
  });
  const holdfast = await ephemeral({ executors: [executor] });
  try {
    const { completion } = await holdfast.session("chat/1", { executor: "assistant" }).send({ key: "k", text: "hi" });
    return { given, outcome: await completion };
  } finally {
    await holdfast.close();
  }
}

it.each<[string, Answer, object]>([
  ["complete", (turn) => turn.complete({ output: 1 }), { kind: "completed", output: 1 }],
  ["complete without a word", (turn) => turn.complete(), { kind: "completed_without_result" }],
  ["fail for good", (turn) => turn.fail({ message: "no", isRetryable: false }), { kind: "abandoned" }],
  ["cancel", (turn) => turn.cancel({ state: [1] }), { kind: "cancelled" }],
  ["awaitCallback", (turn) => turn.awaitCallback({ toolName: "search", args: {} }), { kind: "callback_pending" }],
])("an executor that answers with %s ends its input so", async (_name, answer, expected) => {
  const { given, outcome } = await outcomeOf(answer);

  expect(given.map((result) => Result.safeParse(result).success)).toEqual([true]);
  expect(outcome).toMatchObject(expected);
});

it("an executor that suspends goes on by itself when its time has come, with what it kept", async () => {
  const { given, outcome } = await outcomeOf((turn) => {
    if (turn.resumed !== null) return turn.complete({ output: turn.resumed.data });
    return turn.suspend({ on: { type: "timer", at: new Date().toISOString() }, data: "kept" });
  });

  expect(given.map(({ kind }) => kind)).toEqual(["suspended", "completed"]);
  expect(outcome).toMatchObject({ kind: "completed", output: "kept" });
});

it("an executor that gives way to an input of its inbox leaves it to the next run", async () => {
  const texts: unknown[] = [];
  const started = new Door();
  const steered = new Door();
  const executor = defineExecutor("assistant", async (turn) => {
    texts.push(turn.inputs.map((input) => (input.kind === "prompt" ? input.text : null)));
    if (texts.length > 1) return turn.complete({ output: "second" });
    started.open();
    await steered.opened;
    const [by] = await turn.inbox();
    return by === undefined ? turn.complete() : turn.supersede(by.id);
  });
  const holdfast = await ephemeral({ executors: [executor] });
  try {
    const chat = holdfast.session("chat/1", { executor: "assistant" });
    const first = await chat.send({ key: "1", text: "one" });
    await started.opened;
    const second = await chat.send({ key: "2", text: "two", overlap: "steer" });
    steered.open();

    expect(await first.completion).toMatchObject({ kind: "superseded", by: second.inputId });
    expect(await second.completion).toMatchObject({ kind: "completed", output: "second" });
    expect(texts).toEqual([["one"], ["two"]]);
  } finally {
    await holdfast.close();
  }
});
