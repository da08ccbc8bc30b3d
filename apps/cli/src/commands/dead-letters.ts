import type { Command } from "commander";
import { AppError, type Holdfast, type InputId, type NewInput, type RequestId } from "holdfast";
import { type CommonOptions, positiveInteger, withCommonOptions, withExamples } from "../connection/options.ts";
import { once } from "../connection/request-id.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { tableLines } from "../terminal/table.ts";
import { printJson, printLine } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";
import { withRequestId } from "./control.ts";

interface ListOptions extends CommonOptions {
  readonly limit: number;
}

interface RedriveOptions extends CommonOptions {
  readonly requestId?: string;
  readonly edit?: string;
  readonly code?: string;
}

const DEFAULT_LIMIT = 50;

const COLUMNS = [
  { title: "session" },
  { title: "input" },
  { title: "attempts", align: "right" },
  { title: "failure" },
  { title: "admitted" },
] as const;

/** `holdfast dead-letters list`, `inspect`, `redrive` and `discard` */
export function registerDeadLetters(program: Command): void {
  const group = program
    .command("dead-letters")
    .description(
      "inputs that ended with their budget spent: look at them, send them again, or take them from the list",
    );
  withExamples(
    group,
    "holdfast dead-letters list",
    "holdfast dead-letters redrive chat/42 inp_abcdefgh",
    "holdfast dead-letters redrive --code model.refused",
  );
  registerList(group);
  registerInspectLetter(group);
  registerRedrive(group);
  registerDiscard(group);
}

function registerList(group: Command): void {
  const command = group
    .command("list")
    .description("list those of a session, or of every session of the tenant")
    .argument("[session]", "id of the session")
    .option("--limit <count>", "list this many of a session", positiveInteger, DEFAULT_LIMIT);
  withCommonOptions(command).action(async (session: string | undefined, options: ListOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const names = session === undefined ? await sessionNames(holdfast) : [session];
      const letters = (await Promise.all(names.map((name) => readLetters(holdfast, name, options.limit)))).flat();
      if (options.json) return printJson({ deadLetters: letters });
      if (letters.length === 0) return printLine("no dead letters");
      const rows = letters.map(({ sessionId, inputId, attempts, failure, admittedAt }) => {
        return [
          printable(sessionId),
          inputId,
          String(attempts),
          failure?.code ?? "-",
          new Date(admittedAt).toISOString(),
        ];
      });
      for (const line of tableLines(COLUMNS, rows)) printLine(line);
    });
  });
}

async function sessionNames({ runtime, tenantId }: Holdfast): Promise<string[]> {
  const names: string[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof runtime.listSessionsWithDeadLetters>> =
      await runtime.listSessionsWithDeadLetters({ tenantId, after, limit: DEFAULT_LIMIT });
    names.push(...page.sessions.map(({ sessionId }) => sessionId));
    after = page.next;
  } while (after !== null);
  return names;
}

async function readLetters(holdfast: Holdfast, sessionId: string, limit: number) {
  const { ref } = holdfast.session(sessionId);
  const { items } = await holdfast.runtime.listDeadLetters(ref, { after: 0, limit });
  return items.map((letter) => ({ sessionId, ...letter }));
}

function registerInspectLetter(group: Command): void {
  const command = withTarget(
    group.command("inspect").description("show one, with its payload and its failure as JSON"),
  );
  withCommonOptions(command).action(async (session: string, input: string, options: CommonOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const { ref } = holdfast.session(session);
      const view = await holdfast.runtime.inputState(ref, { inputId: input as InputId });
      if (view === null) throw new AppError("input.not_found");
      printJson(view);
    });
  });
}

function registerRedrive(group: Command): void {
  const command = group
    .command("redrive")
    .description("send one again, all of a session, or all of the tenant, as inputs of their own")
    .argument("[session]", "id of the session; every session of the tenant, if left out")
    .argument("[input]", "id of the input; every dead letter of the session, if left out")
    .option("--edit <json>", "fields that replace those of the input, which must be named")
    .option("--code <code>", "only those that failed with this code");
  withRequestId(withCommonOptions(command)).action(
    async (session: string | undefined, input: string | undefined, options: RedriveOptions) => {
      await withHoldfast(options, async (holdfast) => {
        await once({ name: "--request-id", given: options.requestId }, async (requestId) => {
          if (session !== undefined && input !== undefined) {
            return redriveOne(holdfast, { session, input, requestId, options });
          }
          return redriveAll(holdfast, { session, requestId, options });
        });
      });
    },
  );
}

async function redriveOne(
  holdfast: Holdfast,
  {
    session,
    input,
    requestId,
    options,
  }: { session: string; input: string; requestId: RequestId; options: RedriveOptions },
): Promise<void> {
  const edit = options.edit === undefined ? {} : { edit: parseEdit(options.edit) };
  const { ref } = holdfast.session(session);
  const admission = await holdfast.runtime.redriveDeadLetter(ref, input as InputId, { requestId, ...edit });
  if (options.json) return printJson(admission);
  if (admission.kind === "rejected") throw new AppError("input.rejected", { message: admission.detail });
  printLine(`redriven ${input} as ${admission.kind === "accepted" ? admission.inputId : admission.existingId}`);
}

async function redriveAll(
  holdfast: Holdfast,
  { session, requestId, options }: { session: string | undefined; requestId: RequestId; options: RedriveOptions },
): Promise<void> {
  if (options.edit !== undefined) throw new AppError("config.invalid", { message: "--edit needs the id of an input" });
  const code = options.code === undefined ? {} : { code: options.code };
  const where = session === undefined ? { tenantId: holdfast.tenantId } : { ref: holdfast.session(session).ref };
  const [redriven, refused] = [[] as string[], [] as string[]];
  let after: string | null = null;
  do {
    const at: { after?: string } = after === null ? {} : { after };
    const step = await holdfast.runtime.redriveDeadLetters({ ...where, ...code }, { requestId, ...at });
    redriven.push(...step.redriven.map(({ inputId }) => inputId));
    refused.push(...step.refused.map(({ inputId, code: why }) => `${inputId} ${why}`));
    after = step.next;
  } while (after !== null);
  if (options.json) return printJson({ redriven, refused });
  printLine(`redriven ${redriven.length}, refused ${refused.length}`);
  for (const line of refused) printLine(`  ${line}`);
}

function parseEdit(text: string): Partial<NewInput> {
  try {
    return JSON.parse(text) as Partial<NewInput>;
  } catch (cause) {
    throw new AppError("config.invalid", { message: "--edit is no JSON", cause });
  }
}

function registerDiscard(group: Command): void {
  const command = withTarget(group.command("discard").description("take one from the list; it stays abandoned"));
  withCommonOptions(command).action(async (session: string, input: string, options: CommonOptions) => {
    await withHoldfast(options, async (holdfast) => {
      await holdfast.runtime.discardDeadLetter(holdfast.session(session).ref, input as InputId);
      if (options.json) printJson({ sessionId: session, inputId: input, isDiscarded: true });
      else printLine(`discarded ${input}`);
    });
  });
}

function withTarget(command: Command): Command {
  return command.argument("<session>", "id of the session").argument("<input>", "id of the input");
}
