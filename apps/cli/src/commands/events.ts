import type { Command } from "commander";
import type { EventEnvelope, Holdfast } from "holdfast";
import { interruption } from "../connection/interruption.ts";
import { type CommonOptions, wholeNumber, withCommonOptions, withExamples } from "../connection/options.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { paint, printJson, printLine, stdout } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

interface EventsOptions extends CommonOptions {
  readonly after: number;
  readonly follow?: boolean;
}

const PAGE = 100;
const TYPE_COLUMNS = 22;

/** `holdfast events` */
export function registerEvents(program: Command): void {
  const command = program
    .command("events")
    .description("show what happened in a session")
    .argument("<session>", "id of the session")
    .option("--after <cursor>", "only events after this cursor", wholeNumber, 0)
    .option("--follow", "go on as events happen, until Ctrl-C");
  withExamples(withCommonOptions(command), "holdfast events chat/42 --follow");
  command.action(async (session: string, options: EventsOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const events = options.follow
        ? follow(holdfast, session, options.after)
        : stored(holdfast, session, options.after);
      for await (const envelope of events) {
        if (options.json) printJson(envelope);
        else printLine(eventLine(envelope));
      }
    });
  });
}

function follow(holdfast: Holdfast, session: string, after: number): AsyncIterable<EventEnvelope> {
  return holdfast.runtime.followEvents(holdfast.session(session).ref, { after, signal: interruption() });
}

async function* stored(holdfast: Holdfast, session: string, after: number): AsyncGenerator<EventEnvelope> {
  const { ref } = holdfast.session(session);
  for (let from: number | null = after; from !== null; ) {
    const page: { readonly items: readonly EventEnvelope[]; readonly next: number | null } =
      await holdfast.runtime.listEvents(ref, { after: from, limit: PAGE });
    yield* page.items;
    from = page.next;
  }
}

function eventLine({ id, at, event }: EventEnvelope): string {
  const { type, ...facts } = event;
  const shown = Object.entries(facts).map(([name, value]) => `${name}=${factText(value)}`);
  const when = paint(stdout, "quiet", `${id.padStart(8)}  ${at}`);
  return `${when}  ${type.padEnd(TYPE_COLUMNS)}  ${printable(shown.join(" "))}`.trimEnd();
}

function factText(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(",");
  return String(value);
}
