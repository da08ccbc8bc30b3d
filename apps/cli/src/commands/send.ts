import { type Command, Option } from "commander";
import { type Admission, AppError, type Holdfast, type NewInput, type Outcome, OverlapPolicy } from "holdfast";
import { bindingTo } from "../connection/binding.ts";
import { type CommonOptions, seconds, withCommonOptions, withExamples } from "../connection/options.ts";
import { once } from "../connection/request-id.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { composeInput, FLAT_KINDS } from "../input/compose-input.ts";
import { EXIT } from "../terminal/report-error.ts";
import { paint, printJson, printLine, printNote, stdout } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

interface SendOptions extends CommonOptions {
  readonly key?: string;
  readonly executor?: string;
  readonly kind: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly wait?: number;
  readonly overlap?: string;
  readonly notBefore?: string;
  readonly expires?: string;
}

/** Those that take no times. */
const OVERLAPS = OverlapPolicy.options.filter((policy) => policy !== "debounce");

/** `holdfast send` */
export function registerSend(program: Command): void {
  const command = program
    .command("send")
    .description("send an input to a session")
    .argument("<session>", "id of the session")
    .argument("<text...>", "what to send; - reads it from standard input")
    .option("--key <key>", "idempotency key: sending again with it has no effect (default: a fresh one)")
    .option("--executor <name>", "bind the session to this executor if it is missing or unbound")
    .option("--kind <kind>", `what it is: ${FLAT_KINDS.join(", ")}`, "prompt")
    .option("--set <field=value>", "set a field of the kind; others become metadata; repeatable", collectField, {})
    .addOption(new Option("--overlap <policy>", "what it does to work that is there").choices(OVERLAPS))
    .option("--not-before <time>", "it is run at this time (ISO 8601) at the earliest")
    .option("--expires <time>", "it ends unrun at this time (ISO 8601)")
    .option("--wait <seconds>", "wait this long for the outcome", seconds);
  withExamples(
    withCommonOptions(command),
    'holdfast send chat/42 "Where is my parcel?" --executor fold --wait 10',
    'holdfast send chat/42 "No, the other one" --overlap interrupt',
    "holdfast send build/7 --kind external_event --set eventType=push --executor echo 'main moved'",
  );
  command.action(async (session: string, words: string[], options: SendOptions) => {
    const text = words.length === 1 && words[0] === "-" ? await readStandardInput() : words.join(" ");
    process.exitCode = await withHoldfast(
      options,
      (holdfast) =>
        once({ name: "--key", given: options.key }, (key) => send(holdfast, { session, text, key, options })),
      // Without an executor the session must be there, and so must its store.
      { mayCreate: options.executor !== undefined },
    );
  });
}

interface Sending {
  readonly session: string;
  readonly text: string;
  readonly key: string;
  readonly options: SendOptions;
}

async function send(holdfast: Holdfast, { session, text, key, options }: Sending): Promise<number> {
  const { ref } = holdfast.session(session);
  const createWith = options.executor === undefined ? {} : { createWith: bindingTo(options.executor) };
  const input = { ...inputOf({ kind: options.kind, key, text, fields: options.set }), ...circumstancesOf(options) };
  const admission = await holdfast.runtime.acceptInput(ref, input, createWith);
  await noteOtherExecutor(holdfast, session, options);
  if (admission.kind === "rejected" || options.wait === undefined) {
    show(options, { session, key, admission });
    return admission.kind === "rejected" ? EXIT.failed : EXIT.done;
  }
  if (!options.json) show(options, { session, key, admission });
  const outcome = await holdfast.session(session).outcome(key, { timeoutMs: options.wait * 1_000 });
  if (options.json) printJson({ session, key, admission, outcome });
  else printLine(outcomeLine(outcome));
  return outcome.kind === "abandoned" || outcome.kind === "cancelled" ? EXIT.failed : EXIT.done;
}

/** What any input may say of time and of work that is there. */
function circumstancesOf({
  overlap,
  notBefore,
  expires,
}: SendOptions): Pick<NewInput, "overlap" | "notBefore" | "expiresAt"> {
  return {
    ...(overlap === undefined ? {} : { overlap: overlap as NonNullable<NewInput["overlap"]> }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  };
}

/** A session keeps the executor it was bound to first. */
async function noteOtherExecutor(holdfast: Holdfast, session: string, { executor }: SendOptions): Promise<void> {
  if (executor === undefined) return;
  const bound = (await holdfast.runtime.findSession(holdfast.session(session).ref))?.binding?.executor;
  if (bound === undefined || bound === executor) return;
  printNote(`${printable(session)} stays bound to ${bound}; holdfast register binds it to another executor`);
}

function show(
  options: SendOptions,
  sent: { readonly session: string; readonly key: string; readonly admission: Admission },
): void {
  if (options.json) printJson(sent);
  else printLine(admissionLine(sent));
}

function admissionLine(sent: { readonly session: string; readonly key: string; readonly admission: Admission }) {
  const { session, key, admission } = sent;
  switch (admission.kind) {
    case "accepted":
      return `${paint(stdout, "good", "accepted")} ${admission.inputId} as #${admission.admission} of ${session}, ${admission.status}, key ${key}`;
    case "deduplicated":
      return `${paint(stdout, "warning", "deduplicated")}: ${admission.existingId}, #${admission.admission} of ${session}, has key ${key}; it is ${admission.status}`;
    case "rejected":
      return `${paint(stdout, "bad", "rejected")} (${admission.reason}): ${admission.detail}`;
  }
}

function outcomeLine(outcome: Outcome): string {
  switch (outcome.kind) {
    case "completed":
      return `${paint(stdout, "good", "completed")} at ${outcome.position}: ${printable(JSON.stringify(outcome.output))}`;
    case "completed_without_result":
      return paint(stdout, "good", "completed");
    case "callback_pending":
      return `${paint(stdout, "warning", "callback pending")}: ${printable(outcome.toolName)} ${printable(JSON.stringify(outcome.args))}`;
    case "cancelled":
      return `${paint(stdout, "bad", "cancelled")} after ${outcome.attempts} attempts`;
    case "superseded":
      return `${paint(stdout, "warning", "superseded")} by ${outcome.by}`;
    case "coalesced":
      return `${paint(stdout, "warning", "coalesced")} into ${outcome.into}`;
    case "abandoned": {
      const failure = outcome.failure === undefined ? "" : `: ${outcome.failure.code}, ${outcome.failure.message}`;
      return `${paint(stdout, "bad", "abandoned")} (${outcome.reason}) after ${outcome.attempts} attempts${printable(failure)}`;
    }
  }
}

function inputOf(flat: Parameters<typeof composeInput>[0]): NewInput {
  const composed = composeInput(flat);
  if (composed.kind === "input") return composed.input;
  throw new AppError("input.invalid", { message: composed.reason });
}

/** `name=value`; the value is JSON where it parses, and text otherwise. */
function collectField(pair: string, fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const at = pair.indexOf("=");
  if (at < 1) throw new AppError("config.invalid", { message: `--set ${pair} has no = between field and value` });
  return { ...fields, [pair.slice(0, at)]: jsonOrText(pair.slice(at + 1)) };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // Most values are plain words.
  }
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8").replace(/\n$/, "");
}
