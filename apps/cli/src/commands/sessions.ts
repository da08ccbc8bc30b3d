import type { Command } from "commander";
import type { Holdfast } from "holdfast";
import { type CommonOptions, positiveInteger, withCommonOptions, withExamples } from "../connection/options.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { tableLines } from "../terminal/table.ts";
import { printJson, printLine } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

interface SessionsOptions extends CommonOptions {
  readonly limit: number;
  readonly after?: string;
}

const DEFAULT_LIMIT = 50;
const PAGE = 100;

const COLUMNS = [
  { title: "session" },
  { title: "state" },
  { title: "executor" },
  { title: "admitted", align: "right" },
  { title: "queued", align: "right" },
  { title: "scheduled", align: "right" },
  { title: "receipts", align: "right" },
  { title: "dead", align: "right" },
] as const;

/** `holdfast sessions` */
export function registerSessions(program: Command): void {
  const command = program
    .command("sessions")
    .description("list the sessions of the tenant")
    .option("--limit <count>", "list this many", positiveInteger, DEFAULT_LIMIT)
    .option("--after <cursor>", "go on where an earlier list ended");
  withExamples(withCommonOptions(command), "holdfast sessions --limit 20");
  command.action(async (options: SessionsOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const { sessions, next } = await listSessions(holdfast, options);
      if (options.json) printJson({ sessions, next });
      else show(sessions, next);
    });
  });
}

async function listSessions(holdfast: Holdfast, { limit, after }: SessionsOptions) {
  const { runtime, tenantId } = holdfast;
  const sessions: Awaited<ReturnType<typeof readSessions>> = [];
  let next: string | null = after ?? null;
  do {
    const room = Math.min(PAGE, limit - sessions.length);
    const page: Awaited<ReturnType<typeof runtime.listSessions>> = await runtime.listSessions({
      tenantId,
      after: next,
      limit: room,
    });
    sessions.push(...(await readSessions(holdfast, page.sessions)));
    next = page.next;
  } while (next !== null && sessions.length < limit);
  return { sessions, next };
}

/** Rows of a page; a session that was destroyed in between is left out. */
async function readSessions(holdfast: Holdfast, page: readonly { readonly sessionId: string }[]) {
  const views = await Promise.all(
    page.map(({ sessionId }) => holdfast.runtime.findSession(holdfast.session(sessionId).ref)),
  );
  return views
    .filter((view) => view !== null)
    .map(({ ref, settings: _settings, ...view }) => ({ sessionId: ref.sessionId, ...view }));
}

function show(sessions: Awaited<ReturnType<typeof readSessions>>, next: string | null): void {
  if (sessions.length === 0) return printLine("no sessions");
  const rows = sessions.map((session) => [
    printable(session.sessionId),
    session.state,
    session.binding?.executor ?? "-",
    ...[session.admitted, session.queued, session.scheduled, session.position, session.deadLetters].map(String),
  ]);
  for (const line of tableLines(COLUMNS, rows)) printLine(line);
  if (next !== null) printLine(`more: --after ${next}`);
}
