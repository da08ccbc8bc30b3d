import { type Command, Option } from "commander";
import type { Binding } from "holdfast";
import { bindingTo } from "../connection/binding.ts";
import { type CommonOptions, withCommonOptions, withExamples } from "../connection/options.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { paint, printJson, printLine, stdout } from "../terminal/terminal.ts";
import { parseLabel } from "./control.ts";

interface RegisterOptions extends CommonOptions {
  readonly executor: string;
  readonly label?: Record<string, string>;
  readonly versions?: string;
  readonly onFailure: Binding["onFailure"];
}

function addLabel(text: string, labels: Record<string, string> = {}): Record<string, string> {
  const { key, value } = parseLabel(text);
  return { ...labels, [key]: value };
}

/** `holdfast register` */
export function registerRegister(program: Command): void {
  const command = program
    .command("register")
    .description("create a session, bind it to another executor, or revive a stopped one")
    .argument("<session>", "id of the session")
    .requiredOption("--executor <name>", "the executor that runs it")
    .option("--versions <range>", "versions of the executor that may run it, such as ^2.1; any, if left out")
    .option("--label <name=value>", "label it, replacing its labels; may be given several times", addLabel)
    .addOption(
      new Option("--on-failure <mode>", "hold: a failed input keeps its place; defer: it goes behind what is queued")
        .choices(["hold", "defer"])
        .default("hold"),
    );
  withExamples(
    withCommonOptions(command),
    "holdfast register chat/42 --executor echo",
    "holdfast register chat/42 --executor echo --label team=blue",
  );
  command.action(async (session: string, options: RegisterOptions) => {
    const binding = { ...bindingTo(options.executor, options.versions), onFailure: options.onFailure };
    await withHoldfast(
      options,
      async (holdfast) => {
        const view = await holdfast.runtime.ensureSessionWithExecutor(
          holdfast.session(session).ref,
          binding,
          options.label === undefined ? {} : { labels: options.label },
        );
        if (options.json) printJson({ sessionId: session, ...view });
        else printLine(`${paint(stdout, "good", "registered")} ${session}: ${view.state}, runs on ${binding.executor}`);
      },
      { mayCreate: true },
    );
  });
}
