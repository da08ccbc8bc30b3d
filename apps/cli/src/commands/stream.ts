import { type Command, InvalidArgumentError } from "commander";
import { type InputStreamPart, RunId } from "holdfast";
import { interruption } from "../connection/interruption.ts";
import { type CommonOptions, wholeNumber, withCommonOptions, withExamples } from "../connection/options.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { paint, printJson, stderr, stdout } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

interface StreamOptions extends CommonOptions {
  readonly run?: RunId;
  readonly after: number;
}

/** `holdfast stream` */
export function registerStream(program: Command): void {
  const command = program
    .command("stream")
    .description("show what a run writes, as it comes")
    .argument("<session>", "id of the session")
    .option("--run <id>", "the run; the one in progress, if left out", runIdOf)
    .option("--after <offset>", "only parts after this offset of the named run", wholeNumber, 0);
  withExamples(withCommonOptions(command), "holdfast stream chat/42");
  command.action(async (session: string, options: StreamOptions) => {
    const { run, after, json } = options;
    await withHoldfast(options, async (holdfast) => {
      const named = run === undefined ? {} : { runId: run, after };
      const parts = holdfast.session(session).stream({ ...named, signal: interruption() });
      let count = 0;
      for await (const part of parts) {
        count += 1;
        if (json) printJson(part);
        else tell(part);
      }
      if (count === 0 && !json) stderr.write("no run is in progress\n");
    });
  });
}

function runIdOf(text: string): RunId {
  const parsed = RunId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It ${parsed.error.issues[0]?.message}.`);
}

/** A text that acts on nothing but the line it ends. */
function textOf(chunk: string): string {
  return chunk.split("\n").map(printable).join("\n");
}

/** Texts one after the other, as they were written; everything else on a line of its own. */
function tell(part: InputStreamPart): void {
  switch (part.type) {
    case "chunk":
      stdout.write(typeof part.chunk === "string" ? textOf(part.chunk) : `${JSON.stringify(part.chunk)}\n`);
      break;
    case "retracted":
      stdout.write(`\n${paint(stdout, "quiet", `-- tried again; withdrawn from offset ${part.from} on`)}\n`);
      break;
    case "closed":
      stdout.write(`\n${paint(stdout, "quiet", `-- run ${part.runId} ${part.status}`)}\n`);
  }
}
