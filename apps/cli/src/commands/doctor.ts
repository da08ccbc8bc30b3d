import type { Command } from "commander";
import { isAppError, surveyStore } from "holdfast";
import { type CommonOptions, withCommonOptions, withExamples } from "../connection/options.ts";
import { type Connection, processSurroundings, resolveConnection } from "../connection/resolve-connection.ts";
import { openHoldfast } from "../connection/with-holdfast.ts";
import {
  deadLetterFinding,
  type Finding,
  type Grade,
  hostingFinding,
  storeFindings,
  workerFindings,
} from "../doctor/findings.ts";
import { EXIT } from "../terminal/report-error.ts";
import { factLines } from "../terminal/table.ts";
import { paint, printJson, printLine, stdout, type Tone } from "../terminal/terminal.ts";

/** More than this nobody counts. */
const DEAD_LETTER_SESSIONS = 100;

const TONES: Readonly<Record<Grade, Tone>> = { ok: "good", warn: "warning", fail: "bad" };

/** `holdfast doctor` */
export function registerDoctor(program: Command): void {
  const command = program
    .command("doctor")
    .description("check the server, the store and the workers; exit code 1 if something must be mended");
  withExamples(withCommonOptions(command), "holdfast doctor --redis redis://127.0.0.1:6379");
  command.action(async (options: CommonOptions) => {
    const findings = await examine(resolveConnection(options, processSurroundings()));
    const isSound = findings.every(({ grade }) => grade !== "fail");
    if (options.json) printJson({ isSound, findings });
    else show(findings);
    process.exitCode = isSound ? EXIT.done : EXIT.failed;
  });
}

async function examine(connection: Connection): Promise<readonly Finding[]> {
  const { redis, namespace } = connection;
  const survey = await surveyStore({ url: redis, ...(namespace === undefined ? {} : { namespace }) });
  const findings = storeFindings(survey, connection);
  // Opening creates what is missing, and is refused where something failed: both are not for a doctor.
  const canOpen = survey.store !== null && findings.every(({ grade }) => grade !== "fail");
  return canOpen ? [...findings, ...(await examineWorkers(connection))] : findings;
}

async function examineWorkers(connection: Connection): Promise<readonly Finding[]> {
  try {
    const holdfast = await openHoldfast(connection, { mayCreate: false });
    try {
      const { runtime } = holdfast;
      const workers = workerFindings(await runtime.listWorkers(), Date.now());
      const query = { tenantId: holdfast.tenantId, after: null, limit: DEAD_LETTER_SESSIONS };
      const dead = await runtime.listSessionsWithDeadLetters(query);
      return [
        ...workers,
        hostingFinding(await runtime.listUnhostedSessions()),
        deadLetterFinding(dead.sessions.length, dead.next !== null),
      ];
    } finally {
      await holdfast.close({ graceMs: 0 });
    }
  } catch (error) {
    if (!isAppError(error)) throw error;
    return [{ grade: "fail", subject: "store", detail: `${error.code}: ${error.message}` }];
  }
}

function show(findings: readonly Finding[]): void {
  const lines = factLines(
    findings.map(({ grade, subject, detail, advice }) => [
      `${paint(stdout, TONES[grade], grade.padEnd(4))}  ${subject}`,
      advice === undefined ? detail : `${detail} -> ${advice}`,
    ]),
  );
  for (const line of lines) printLine(line);
}
