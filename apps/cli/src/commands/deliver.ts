import { type Command, Option } from "commander";
import { DeliveryKind } from "holdfast";
import { type CommonOptions, wholeNumber, withCommonOptions, withExamples } from "../connection/options.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { paint, printJson, printLine, stdout } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

interface DeliverOptions extends CommonOptions {
  readonly id: string;
  readonly kind: DeliveryKind;
  readonly source: string;
  readonly sequence: number;
  readonly lineage?: string;
}

/** `holdfast deliver` */
export function registerDeliver(program: Command): void {
  const command = program
    .command("deliver")
    .description(
      "leave a message in the delivery inbox of a session, in order and once, also before the session exists",
    )
    .argument("<session>", "id of the session")
    .argument("<payload>", "what is delivered, any text")
    .requiredOption("--id <id>", "id of the delivery: the same one again is the first one")
    .addOption(
      new Option("--kind <kind>", "what it tells of").choices(DeliveryKind.options).default("job_notification"),
    )
    .option("--source <id>", "who sends it", "cli")
    .option("--sequence <n>", "the sender's own count, from 1", wholeNumber, 1)
    .option("--lineage <id>", "the interaction it belongs to; the id of the delivery if absent");
  withExamples(
    withCommonOptions(command),
    `holdfast deliver chat/42 '{"report":"ready"}' --id job/7`,
    "holdfast deliver chat/42 done --id job/8 --kind job_terminal --source reports --sequence 8",
  );
  command.action(async (session: string, payload: string, options: DeliverOptions) => {
    const { id: deliveryId, kind, source: sourceId, sequence: sourceSequence, lineage = deliveryId } = options;
    await withHoldfast(options, async (holdfast) => {
      const { ref } = holdfast.session(session);
      const submission = { deliveryId, kind, sourceId, sourceSequence, lineageId: lineage, payload };
      const { sequence, isDeduplicated } = await holdfast.runtime.submitDelivery(ref, submission);
      if (options.json) return printJson({ sessionId: session, deliveryId, sequence, isDeduplicated });
      const word = isDeduplicated ? "already delivered" : "delivered";
      printLine(`${paint(stdout, "good", word)} to ${printable(session)}: place ${sequence} of its inbox`);
    });
  });
}
