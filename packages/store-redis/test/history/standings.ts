/** Sessions in every standing that a version may be left in when the next one takes over. */
import type { NewInput, OperationId, RequestId, RunId, Suspension } from "@holdfast/contracts";
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

/** A run that is suspended, by a worker that is gone. */
async function suspend(stage: Stage, on: Suspension): Promise<void> {
  await stage.bind();
  await send(stage, keyed("one"));
  const suspending = executor(({ inputs }) => ({
    kind: "suspended",
    on,
    state: { applied: inputs.map(({ id }) => id) },
    data: { at: 1 },
  }));
  const worker = await stage.worker("first", suspending);
  await stage.world.settle();
  worker.kill();
  await send(stage, keyed("two"));
}

/** The run of the latest receipt. */
async function lastRun({ sender, ref }: Stage): Promise<{ readonly runId: RunId }> {
  const { items } = await sender.runtime.listReceipts(ref, { after: 0, limit: 10 });
  const last = items.at(-1);
  if (last === undefined) throw new Error("nothing was committed");
  return last;
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

  "checkpointed-by-a-dead-holder": async (stage) => {
    await stage.bind();
    await send(stage, keyed("one"));
    const committing = executor(async (turn) => {
      const { applied } = (turn.state ?? { applied: [] }) as { readonly applied: readonly string[] };
      await new Promise<void>((resolve) => void stage.world.clock.after(500, resolve));
      await turn.inbox({ checkpoint: { state: { applied: [...applied, ...turn.inputs.map(({ id }) => id)] } } });
      return new Promise(() => {});
    });
    const worker = await stage.worker("first", committing);
    await stage.world.settle();
    await send(stage, keyed("steering", event("now", { lane: "steer" })));
    await stage.world.advance(1_000);
    worker.kill();
  },

  "suspended-until-a-time": async (stage) => {
    await suspend(stage, { type: "timer", at: new Date(stage.world.clock.now() + 60_000).toISOString() });
  },

  "suspended-and-resumed": async (stage) => {
    await suspend(stage, { type: "approval", approvalId: "approval-1" });
    const { runId } = await lastRun(stage);
    const requestId = "req_resume000001" as RequestId;
    await stage.sender.runtime.resumeRun(stage.ref, { runId, requestId, value: { approved: true } });
  },

  "scheduled-every-minute": async (stage) => {
    await stage.bind();
    await stage.sender.runtime.putSchedule(stage.ref, {
      scheduleId: "tick",
      timing: { type: "every", everyMs: 60_000 },
      input: prompt("tick"),
      catchUp: "all",
    });
    await send(stage, keyed("one"));
  },

  "operations-ended-and-in-progress": async (stage) => {
    await stage.bind();
    const { ops } = await stage.sender.runtime.prepareBindings(stage.ref);
    for (const name of ["op_ended", "op_running", "op_beginning"]) {
      const operationId = name as OperationId;
      await ops.register({ operationId, kind: "background_tool_op", displayName: name });
      if (name !== "op_beginning") await ops.provisioningSucceeded(operationId);
    }
    await ops.completeOperation("op_ended" as OperationId, { answer: 42 });
  },

  destroyed: async (stage) => {
    await stage.bind();
    await send(stage, keyed("one"));
    await control(stage, "destroy");
  },
};
