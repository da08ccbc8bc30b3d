/** What was promised of schedules, background operations and removals, compared with what each session tells. */
import { epochMsOf, type InputId } from "@holdfast/contracts";
import { EVERY_MS, type Operating, type Removal, type Scheduling } from "./asides.ts";
import { isSameJson } from "./is-same-json.ts";
import type { LedgerRecord } from "./ledger-record.ts";
import type { Complain, Life } from "./life.ts";
import type { Places } from "./places.ts";
import { STARTS_AT } from "./starts-at.ts";

/** How far the clock of the process that fires may be ahead. */
const SKEW_MS = 2_000;

/** A session, with its events played. */
interface Played {
  readonly ledger: LedgerRecord;
  readonly places: Places;
}

/** Checks everything beside the inputs of one session. */
export function checkAsides(life: Life, played: Played, complain: Complain): void {
  const { asides } = life.workload;
  const isHere = ({ ref }: { readonly ref: { readonly sessionId: string } }) =>
    ref.sessionId === played.ledger.ref.sessionId;
  checkLeaving(played, complain);
  checkFeed(played.ledger, complain);
  checkTellings(played, complain);
  // What the store forgot was answered all the same.
  if (life.world.rollbacks.length > 0) return;
  for (const scheduling of asides.schedulings.filter(isHere)) checkFirings(scheduling, played, complain);
  for (const operating of asides.operatings.filter(isHere)) checkOperation(operating, played.ledger, complain);
  checkRemovals(asides.removals.filter(isHere), played.ledger, complain);
}

/** On its way out a session takes nothing in and stages nothing, and when it is gone nothing of it is left. */
function checkLeaving({ ledger: { events }, places }: Played, complain: Complain): void {
  let isLeaving = false;
  events.forEach(({ event }, at) => {
    if (event.type === "session.unregistering") isLeaving = true;
    else if (event.type === "session.unregistered" || event.type === "session.phase_changed") isLeaving = false;
    else if (isLeaving && WORK.has(event.type)) complain("G10", `${event.type} while the session was unregistered`);
    if (event.type !== "session.unregistered") return;
    for (const { record, admittedAt, endedAt } of places.values()) {
      if (admittedAt < at && endedAt > at)
        complain("G1", `${record.inputId} had not ended when its session was removed`);
    }
  });
}

const WORK: ReadonlySet<string> = new Set(["input.admitted", "run.started", "run.steered"]);

/** Whoever was told that a session is removed finds that it was, and so does everybody under the same request. */
function checkRemovals(removals: readonly Removal[], { events }: LedgerRecord, complain: Complain): void {
  const reports = removals.flatMap(({ told }) =>
    told?.kind === "answered" && told.value.wasRegistered ? [told.value] : [],
  );
  const [first] = reports;
  if (first === undefined) return;
  if (!reports.every((report) => isSameJson(report, first))) complain("G10", "a removal was reported differently");
  const isGone = events.some(({ event }) => event.type === "session.unregistered");
  if (!isGone) complain("G10", "a removal was reported that never was");
}

/** Every operation ends once, and the feed of each life of the registry is dense. */
function checkFeed({ events }: LedgerRecord, complain: Complain): void {
  let last = 0;
  let ended = new Set<string>();
  for (const { event } of events) {
    if (event.type !== "operation.ended") continue;
    if (event.seq === 1) ended = new Set();
    else if (event.seq !== last + 1) complain("G10", `completion ${event.seq} follows ${last}`);
    if (ended.has(event.operationId)) complain("G1", `${event.operationId} ended twice`);
    ended.add(event.operationId);
    last = event.seq;
  }
}

/** A session is told of a completion again only when what told it was dropped before it ran. */
function checkTellings({ places }: Played, complain: Complain): void {
  const told = new Map<string, InputId>();
  for (const { input, record } of places.values()) {
    const [subject, epoch, watermark] = (input.idempotencyKey ?? "").split(":");
    if (subject !== "background-completion") continue;
    const of = `${epoch}:${watermark}`;
    const earlier = told.get(of);
    const outcome = earlier === undefined ? null : (places.get(earlier)?.record.outcome ?? null);
    const isDropped = outcome?.kind === "abandoned";
    if (earlier !== undefined && !isDropped) complain("G5", `${record.inputId} told what ${earlier} had told`);
    told.set(of, record.inputId);
  }
}

/** Whoever asked how an operation ended was told the same. */
function checkOperation(
  { operationId, ended, outcome }: Operating,
  { events }: LedgerRecord,
  complain: Complain,
): void {
  const own = ended?.kind === "answered" ? ended.value.outcome : null;
  const other = outcome?.kind === "answered" ? outcome.value : null;
  // Where its registry ended before anybody looked, how it had ended is not told any more.
  const isUnknown = other?.kind === "terminated";
  if (own !== null && other !== null && !isUnknown && !isSameJson(own, other)) {
    complain("G9", `${operationId} ended as ${own.kind}, and who waited was told ${JSON.stringify(other)}`);
  }
  if (own === null) return;
  const isTold = events.some(
    ({ event }) => event.type === "operation.ended" && event.operationId === operationId && event.status === own.kind,
  );
  if (!isTold) complain("G1", `${operationId} ended as ${own.kind}, and its session does not say so`);
}

/** A schedule fires at its planned times, at each once, and not after it was deleted. */
function checkFirings({ name, put, deleted }: Scheduling, { places }: Played, complain: Complain): void {
  const planned = [...places.values()].flatMap(({ input }) => {
    const [scheduleId, at] = (input.idempotencyKey ?? "").split("@");
    return scheduleId === name && at !== undefined ? [epochMsOf(at)] : [];
  });
  if (new Set(planned).size !== planned.length) complain("G7", `${name} fired twice at one planned time`);
  if (put?.kind !== "answered") return;
  // A client that repeats what nobody answered may put it once more, after it was deleted and from another time on.
  if (deleted?.kind === "answered" && deleted.step < put.step) return;
  const grid = put.value.nextAt === null ? null : epochMsOf(put.value.nextAt);
  const stray = planned.find((at) => grid !== null && (at - grid) % EVERY_MS !== 0);
  if (stray !== undefined) complain("G10", `${name} fired at ${stray}, which is not planned`);
  if (deleted?.kind !== "answered") return;
  const late = planned.find((at) => at > STARTS_AT + deleted.at + SKEW_MS);
  if (late !== undefined) complain("G10", `${name} fired ${late - STARTS_AT - deleted.at} ms after it was deleted`);
}
