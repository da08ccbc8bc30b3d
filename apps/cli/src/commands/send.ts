import type { Command } from "commander";
import { type Admission, AppError, type Holdfast, type NewInput, type Outcome } from "holdfast";
import { bindingTo } from "../connection/binding.ts";
import { type CommonOptions, seconds, withCommonOptions, withExamples } from "../connection/options.ts";
import { once } from "../connection/request-id.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { composeInput, FLAT_KINDS } from "../input/compose-input.ts";
import { EXIT } from "../terminal/report-error.ts";
import { paint, printJson, printLine, stdout } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

interface SendOptions extends CommonOptions {
  readonly key?: string;
  readonly executor?: string;
  readonly kind: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly wait?: number;
}

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
    .option("--wait <seconds>", "wait this long for the outcome", seconds);
  withExamples(
    withCommonOptions(command),
    'holdfast send chat/42 "Where is my parcel?" --executor fold --wait 10',
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
  const input = inputOf({ kind: options.kind, key, text, fields: options.set });
  const admission = await holdfast.runtime.acceptInput(ref, input, createWith);
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
