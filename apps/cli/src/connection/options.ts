import { type Command, InvalidArgumentError, Option } from "commander";
import { VARIABLES, type VariableName } from "holdfast/process";

/** Where a command finds its store, as given on the command line or in the environment. */
export interface ConnectionOptions {
  readonly redis?: string;
  readonly namespace?: string;
  readonly buckets?: number;
  readonly tenant?: string;
}

/** Options every command that talks to a store has. */
export interface CommonOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** Adds what {@link CommonOptions} names. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--redis <url>", "the ledger's Redis (default: $REDIS_URL, then the `holdfast dev` of this directory)")
    .addOption(optionOf("HOLDFAST_NAMESPACE", "--namespace <name>"))
    .addOption(optionOf("HOLDFAST_BUCKETS", "--buckets <count>"))
    .addOption(optionOf("HOLDFAST_TENANT", "--tenant <id>"))
    .option("--json", "print JSON for machines");
}

/** An option for what a variable of the environment says too. */
function optionOf(name: VariableName, flags: string): Option {
  return new Option(flags, VARIABLES[name].meaning).env(name).argParser((text) => {
    if (text === "") return undefined; // An empty variable counts as absent.
    const parsed = VARIABLES[name].rule.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`It ${parsed.error.issues[0]?.message}.`);
  });
}

/** Adds examples below the help of a command. */
export function withExamples(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? "Example" : "Examples";
  return command.addHelpText("after", `\n${title}:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`);
}

/** A whole number from 1. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number from 1.");
  return value;
}

/** A whole number from 0. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError("It must be a whole number from 0.");
  }
  return value;
}

/** Seconds, with fractions, above 0. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("It must be a number of seconds above 0.");
  return value;
}
