import type { Command } from "commander";
import { AppError, DeliveryId, type InputId, type RunId } from "holdfast";
import { type CommonOptions, wholeNumber, withCommonOptions, withExamples } from "../connection/options.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { printJson } from "../terminal/terminal.ts";

interface StandingOptions extends CommonOptions {
  readonly key?: string;
  readonly input?: string;
  readonly run?: string;
}

/** `holdfast status`, `operations` and `deliveries`: what became of work, as JSON. */
export function registerStanding(program: Command): void {
  registerStatus(program);
  registerOperations(program);
  registerDeliveries(program);
}

function registerStatus(program: Command): void {
  const command = program
    .command("status")
    .description("say as JSON where an input or a run stands, also of a session that is not registered")
    .argument("<session>", "id of the session")
    .option("--key <key>", "the input that was sent with this idempotency key")
    .option("--input <id>", "the input of this id")
    .option("--run <id>", "the run of this id");
  withExamples(
    withCommonOptions(command),
    "holdfast status chat/42 --key order-7",
    "holdfast status chat/42 --run run_abcdefgh",
  );
  command.action(async (session: string, { key, input, run, ...options }: StandingOptions) => {
    if ([key, input, run].filter((given) => given !== undefined).length !== 1) {
      throw new AppError("request.invalid", { message: "name one of --key, --input and --run" });
    }
    await withHoldfast(options, async (holdfast) => {
      const { runtime } = holdfast;
      const { ref } = holdfast.session(session);
      if (run !== undefined) return printJson(await runtime.runStatus(ref, run as RunId));
      const target = input === undefined ? { key: key ?? "" } : { inputId: input as InputId };
      const status = await runtime.interactionStatus(ref, target);
      if (status === null) throw new AppError("input.not_found");
      printJson(status);
    });
  });
}

function registerOperations(program: Command): void {
  const command = program
    .command("operations")
    .description("list the background operations of a session as JSON, or those that ended after a cursor")
    .argument("<session>", "id of the session")
    .option("--completed-after <seq>", "the feed of those that ended, from behind this one", wholeNumber);
  withExamples(
    withCommonOptions(command),
    "holdfast operations chat/42",
    "holdfast operations chat/42 --completed-after 0",
  );
  command.action(async (session: string, options: CommonOptions & { readonly completedAfter?: number }) => {
    await withHoldfast(options, async (holdfast) => {
      const { runtime } = holdfast;
      const { ref } = holdfast.session(session);
      const { completedAfter: after } = options;
      if (after === undefined) return printJson({ operations: await runtime.listOperations(ref) });
      printJson(await runtime.listCompletions(ref, { after, limit: 500 }));
    });
  });
}

function registerDeliveries(program: Command): void {
  const command = program
    .command("deliveries")
    .description("show as JSON what waits in the delivery inbox of a session, or one delivery")
    .argument("<session>", "id of the session")
    .argument("[delivery]", "id of the delivery");
  withExamples(withCommonOptions(command), "holdfast deliveries chat/42", "holdfast deliveries chat/42 job/7");
  command.action(async (session: string, delivery: string | undefined, options: CommonOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const { runtime } = holdfast;
      const { ref } = holdfast.session(session);
      if (delivery === undefined) return printJson(await runtime.pendingDeliveries(ref));
      const id = DeliveryId.safeParse(delivery);
      const found = id.success ? await runtime.deliveryState(ref, id.data) : null;
      if (found === null) throw new AppError("delivery.not_found");
      printJson(found);
    });
  });
}
