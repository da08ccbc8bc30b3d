/** Sessions in every standing that a version may be left in when the next one takes over. */
import type { NewInput, RequestId } from "@holdfast/contracts";
import { binding, event, progress, prompt } from "@holdfast/testkit";
import type { Executor } from "../../../runtime/src/index.ts";
import { applyInputs } from "../../../runtime/test/crash-points/scene.ts";
import type { Stage } from "../../../runtime/test/scenarios/stage.ts";
import { failure } from "../../../runtime/test/support/bound-session.ts";
import { executor, holding } from "../../../runtime/test/support/executors.ts";

/** Brings the session of a stage into a standing. */
export type Standing = (stage: Stage) => Promise<void>;

/** Applies its inputs and answers at once; what it keeps as state is what ledgers are checked by. */
export const applying: Executor = executor(applyInputs);

const keyed = (key: string, input: NewInput = prompt(key)): NewInput => ({ ...input, idempotencyKey: key }) as NewInput;

async function send({ sender, ref }: Stage, ...inputs: readonly NewInput[]): Promise<void> {
  for (const input of inputs) await sender.runtime.acceptInput(ref, input);
}

/** A worker that takes what is queued, and dies over it. */
async function dieHolding(stage: Stage, host: Executor = holding().executor): Promise<void> {
  const worker = await stage.worker("first", host);
  await stage.world.settle();
  worker.kill();
}

function control({ sender, ref }: Stage, verb: "retire" | "reset" | "stop" | "destroy") {
  return sender.runtime.control(ref, { verb, requestId: `req_${verb}000001` as RequestId });
}

/** By the name of its file. */
export const STANDINGS: Readonly<Record<string, Standing>> = {
  "registered-without-executor": async (stage) => {
    await stage.register();
    await send(stage, keyed("one"), keyed("two", event("mail")));
    await stage.sender.runtime.ensureSessionWithExecutor(stage.ref, binding());
  },

  "queued-in-both-lanes": async (stage) => {
    await stage.bind();
    await send(
      stage,
      keyed("one"),
      keyed("two"),
      keyed("mail", event("mail")),
      keyed("now", event("now", { lane: "steer" })),
    );
  },

  "silent-until-woken": async (stage) => {
    await stage.bind();
    await stage.sender.runtime.acceptInput(stage.ref, keyed("silent"), { isWithoutWake: true });
    await send(stage, keyed("waking"));
  },

  "staged-under-a-dead-holder": async (stage) => {
    await stage.bind();
    await send(stage, keyed("one"), keyed("two"));
    await dieHolding(stage);
  },

  "a-lost-batch-of-three": async (stage) => {
    await stage.bind();
    await send(stage, ...["a", "b", "c"].map((name) => keyed(name, event(name))));
    await dieHolding(stage);
    await send(stage, keyed("later"));
  },

  "steps-settled-by-a-dead-holder": async (stage) => {
    await stage.bind();
    await send(stage, keyed("one"));
    const stepping = executor(async (turn) => {
      await turn.step("first", () => 1);
      await turn.step("second", () => ({ list: [1, 2] }));
      return new Promise(() => {});
    });
    await dieHolding(stage, stepping);
  },

  "passing-inputs-of-a-dead-holder": async (stage) => {
    await stage.bind();
    await send(stage, keyed("durable"));
    await dieHolding(stage);
    await send(stage, keyed("passing", { ...prompt("passing"), durability: "ephemeral" } as NewInput));
  },

  "asked-to-end-over-a-dead-holder": async (stage) => {
    await stage.bind();
    await send(stage, keyed("one"), keyed("two"));
    await dieHolding(stage);
    await stage.sender.runtime.interruptCurrentRun(stage.ref, { requestId: "req_interrupt01" as RequestId });
  },

  "waiting-for-a-time": async (stage) => {
    await stage.bind("defer");
    const notBefore = new Date(stage.world.clock.now() + 90_000).toISOString();
    await send(stage, keyed("failed"), keyed("timed", { ...prompt("timed"), notBefore } as NewInput));
    const retryAt = new Date(stage.world.clock.now() + 60_000).toISOString();
    const worker = await stage.worker(
      "first",
      executor(() => failure(retryAt)),
    );
    await stage.world.advance(1_000);
    worker.kill();
  },

  "budget-spent": async (stage) => {
    await stage.bind();
    await send(stage, keyed("poison"), keyed("next"));
    const worker = await stage.worker(
      "first",
      executor(() => failure()),
    );
    await stage.world.advance(200);
    worker.kill();
  },

  "committed-before": async (stage) => {
    await stage.bind();
    await send(stage, keyed("one"), keyed("two"));
    const worker = await stage.worker("first", applying);
    await stage.world.settle();
    worker.kill();
    await send(stage, keyed("three"), keyed("one"));
  },

  displaced: async (stage) => {
    await stage.bind();
    await send(stage, keyed("older", progress("k")), keyed("newer", progress("k")), keyed("wakes"));
  },

  "retired-with-work": async (stage) => {
    await stage.bind();
    await send(stage, keyed("one"), keyed("two"));
    await control(stage, "retire");
  },

  "reset-with-rows-left": async (stage) => {
    await stage.bind();
    await send(stage, ...Array.from({ length: 130 }, (_, index) => keyed(`n${index}`)));
    await control(stage, "reset");
    await send(stage, keyed("after"));
  },

  stopped: async (stage) => {
    await stage.bind();
    await send(stage, keyed("one"));
    await dieHolding(stage);
    await control(stage, "stop");
    await stage.sender.runtime.ensureSessionWithExecutor(stage.ref, binding());
    await send(stage, keyed("revived"));
  },

  "unregistering-over-a-run": async (stage) => {
    await stage.bind();
    await send(stage, keyed("one"), keyed("two"));
    await dieHolding(stage);
    // It waits for the run, and whoever asked dies before it has an answer.
    const asking = await stage.process("asking");
    void asking.runtime.unregisterSession(stage.ref);
    await stage.world.settle();
    asking.kill();
  },

  "due-to-expire": async (stage) => {
    await stage.bind();
    await send(stage, keyed("one"));
    await dieHolding(stage);
    const expiresAt = new Date(stage.world.clock.now() + 5_000).toISOString();
    await send(stage, keyed("expires", { ...prompt("expires"), expiresAt } as NewInput), keyed("stays"));
  },

  "deliveries-not-applied": async (stage) => {
    await stage.bind();
    for (const sourceSequence of [1, 2]) {
      await stage.sender.runtime.submitDelivery(stage.ref, {
        deliveryId: `delivery-${sourceSequence}`,
        kind: "job_terminal",
        sourceId: "jobs",
        sourceSequence,
        lineageId: "lineage",
        payload: "done",
      });
    }
  },

  destroyed: async (stage) => {
    await stage.bind();
    await send(stage, keyed("one"));
    await control(stage, "destroy");
  },
};
