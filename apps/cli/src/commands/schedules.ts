import { type Command, Option } from "commander";
import { AppError, CatchUp, type NewSchedule, type ScheduleView } from "holdfast";
import { type CommonOptions, seconds, withCommonOptions, withExamples } from "../connection/options.ts";
import { withHoldfast } from "../connection/with-holdfast.ts";
import { tableLines } from "../terminal/table.ts";
import { printJson, printLine } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

interface SetOptions extends CommonOptions {
  readonly cron?: string;
  readonly timezone?: string;
  readonly every?: number;
  readonly catchUp?: CatchUp;
}

const COLUMNS = [
  { title: "schedule" },
  { title: "planned" },
  { title: "next" },
  { title: "latest" },
  { title: "skipped", align: "right" },
] as const;

/** `holdfast schedules list`, `set`, `pause`, `resume` and `remove` */
export function registerSchedules(program: Command): void {
  const group = program.command("schedules").description("inputs that a session is sent at planned times");
  withExamples(
    group,
    "holdfast schedules list chat/42",
    'holdfast schedules set chat/42 daily "What is new?" --cron "0 9 * * *" --timezone Europe/Berlin',
    "holdfast schedules remove chat/42 daily",
  );
  registerList(group);
  registerSet(group);
  registerPaused(group);
  registerRemove(group);
}

function registerList(group: Command): void {
  const command = group.command("list").description("list them").argument("<session>", "id of the session");
  withExamples(withCommonOptions(command), "holdfast schedules list chat/42");
  command.action(async (session: string, options: CommonOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const schedules = await holdfast.runtime.listSchedules(holdfast.session(session).ref);
      if (options.json) return printJson({ schedules });
      if (schedules.length === 0) return printLine(`${printable(session)} has no schedules`);
      for (const line of tableLines(COLUMNS, schedules.map(rowOf))) printLine(line);
    });
  });
}

function rowOf(schedule: ScheduleView): string[] {
  const { scheduleId, timing, lastFiring, skipped } = schedule;
  const planned =
    timing.type === "cron" ? `${timing.expression} ${timing.timezone}` : `every ${timing.everyMs / 1_000} s`;
  const latest = lastFiring === null ? "-" : `${lastFiring.result}${lastFiring.reason ? `: ${lastFiring.reason}` : ""}`;
  return [scheduleId, printable(planned), nextOf(schedule), printable(latest), String(skipped)];
}

function nextOf({ isPaused, heldBy, nextAt }: ScheduleView): string {
  if (isPaused) return "paused";
  return heldBy === null ? (nextAt ?? "never") : `held: the session is ${heldBy}`;
}

function registerSet(group: Command): void {
  const command = group
    .command("set")
    .description("add one or change it; the same one again changes nothing")
    .argument("<session>", "id of the session")
    .argument("<schedule>", "its id, unique within the session")
    .argument("<text...>", "the prompt that is sent at every planned time")
    .option("--cron <expression>", "five fields, or six with seconds first")
    .option("--timezone <name>", "where --cron is meant (default: UTC)")
    .option("--every <seconds>", "this often instead, from now on", seconds)
    .addOption(new Option("--catch-up <policy>", "planned times that nobody was there for").choices(CatchUp.options));
  withExamples(
    withCommonOptions(command),
    'holdfast schedules set chat/42 daily "What is new?" --cron "0 9 * * *" --timezone Europe/Berlin',
    "holdfast schedules set chat/42 tick check --every 300 --catch-up skip",
  );
  command.action(async (session: string, scheduleId: string, words: string[], options: SetOptions) => {
    const { catchUp } = options;
    const schedule: NewSchedule = {
      scheduleId,
      timing: timingOf(options),
      input: { kind: "prompt", text: words.join(" ") },
      ...(catchUp === undefined ? {} : { catchUp }),
    };
    await withHoldfast(options, async (holdfast) => {
      showOne(session, await holdfast.runtime.putSchedule(holdfast.session(session).ref, schedule), options);
    });
  });
}

function timingOf({ cron, timezone, every }: SetOptions): NewSchedule["timing"] {
  if ((cron === undefined) === (every === undefined) || (timezone !== undefined && cron === undefined)) {
    throw new AppError("request.invalid", { message: "say --cron, with --timezone if you like, or --every" });
  }
  if (cron === undefined) return { type: "every", everyMs: Math.round((every as number) * 1_000) };
  return { type: "cron", expression: cron, ...(timezone === undefined ? {} : { timezone }) };
}

function showOne(session: string, view: ScheduleView, options: CommonOptions): void {
  if (options.json) return printJson({ sessionId: session, schedule: view });
  printLine(`${printable(session)} ${view.scheduleId}: next ${nextOf(view)}`);
}

function registerPaused(group: Command): void {
  const verbs = [
    ["pause", "stop it from firing; what falls into the pause is not caught up with"],
    ["resume", "let it fire again, from now on"],
  ] as const;
  for (const [verb, description] of verbs) {
    const command = group
      .command(verb)
      .description(description)
      .argument("<session>", "id of the session")
      .argument("<schedule>", "id of the schedule");
    withExamples(withCommonOptions(command), `holdfast schedules ${verb} chat/42 daily`);
    command.action(async (session: string, scheduleId: string, options: CommonOptions) => {
      await withHoldfast(options, async ({ runtime, ...holdfast }) => {
        const { ref } = holdfast.session(session);
        const changed =
          verb === "pause" ? runtime.pauseSchedule(ref, scheduleId) : runtime.resumeSchedule(ref, scheduleId);
        showOne(session, await changed, options);
      });
    });
  }
}

function registerRemove(group: Command): void {
  const command = group
    .command("remove")
    .description("remove one")
    .argument("<session>", "id of the session")
    .argument("<schedule>", "id of the schedule");
  withExamples(withCommonOptions(command), "holdfast schedules remove chat/42 daily");
  command.action(async (session: string, scheduleId: string, options: CommonOptions) => {
    await withHoldfast(options, async (holdfast) => {
      const wasThere = await holdfast.runtime.deleteSchedule(holdfast.session(session).ref, scheduleId);
      if (!wasThere) throw new AppError("schedule.not_found", { details: { scheduleId } });
      if (options.json) return printJson({ sessionId: session, scheduleId, wasThere });
      printLine(`${printable(session)} ${scheduleId}: removed`);
    });
  });
}
