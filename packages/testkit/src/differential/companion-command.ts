/**
 * What can happen beside the work of a session, as data: labels, events of
 * callers, schedules, the drain of its peers, its delivery inbox, consumers of its
 * events, its blobs; and runs that a sender does itself. See `command.ts`.
 */
import fc from "fast-check";

/** One thing that happens beside a session's work. */
export type CompanionCommand =
  | { readonly type: "label"; readonly session: number; readonly labels: number }
  | { readonly type: "publish"; readonly session: number; readonly request: number | null; readonly variant: number }
  | {
      readonly type: "save_schedules";
      readonly session: number;
      readonly isStale: boolean;
      readonly inMs: number | null;
    }
  | { readonly type: "keep_alive"; readonly session: number; readonly isKeepAlive: boolean }
  | { readonly type: "claim_drain"; readonly session: number; readonly drain: number; readonly leaseMs: number }
  | { readonly type: "release_drain"; readonly session: number; readonly drain: number; readonly isDismissal: boolean }
  | { readonly type: "submit_delivery"; readonly session: number; readonly id: number; readonly variant: number }
  | { readonly type: "mark_delivery"; readonly session: number; readonly id: number | "next"; readonly isKept: boolean }
  | { readonly type: "rest_inbox"; readonly session: number }
  | { readonly type: "move_projection"; readonly session: number; readonly consumer: number; readonly by: number }
  | {
      readonly type: "begin_run";
      readonly session: number;
      readonly worker: number;
      readonly kind: "prompt" | "event" | "operation";
      readonly key: number | null;
      readonly variant: number;
      readonly isStale: boolean;
    }
  | { readonly type: "put_blob"; readonly session: number; readonly blob: number }
  | { readonly type: "retain_blobs"; readonly session: number; readonly blob: number; readonly ageMs: number }
  | { readonly type: "clear_blobs"; readonly session: number }
  | { readonly type: "plan_collection"; readonly session: number; readonly afterMs: number }
  | { readonly type: "replan_collection"; readonly session: number; readonly afterMs: number | null }
  | {
      readonly type: "weigh";
      readonly session: number;
      readonly of: "inputs" | "events";
      readonly before: number | null;
    }
  | { readonly type: "trim"; readonly session: number; readonly keepMs: number }
  | { readonly type: "repeat_begin"; readonly back: number }
  | { readonly type: "read_companions"; readonly session: number; readonly limit: number };

type Weighted = fc.WeightedArbitrary<CompanionCommand>;

const session = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) });
const of = <T extends CompanionCommand["type"]>(type: T) => ({ type: fc.constant(type), session });
const rarely = fc.constantFrom(false, false, false, false, true);
const moment = fc.constantFrom<number[]>(1, 1_000, 1_500, 10_000, 30_000);
const request = fc.oneof(fc.constant(null), fc.nat(2));
const drain = fc.constantFrom(0, 0, 0, 1);

const beginRun = fc.record({
  ...of("begin_run"),
  worker: fc.nat(1),
  kind: fc.constantFrom("prompt" as const, "prompt" as const, "event" as const, "operation" as const),
  key: fc.oneof(fc.constant(null), fc.nat(4)),
  variant: fc.constantFrom(0, 0, 0, 1),
  isStale: rarely,
});

/** Everything that can happen beside a session's work, as often as it is worth among the rest. */
export const COMPANION_COMMANDS: readonly Weighted[] = [
  { weight: 3, arbitrary: fc.record({ ...of("label"), labels: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ ...of("publish"), request, variant: fc.constantFrom(0, 0, 1) }) },
  {
    weight: 6,
    arbitrary: fc.record({ ...of("save_schedules"), isStale: rarely, inMs: fc.oneof(fc.constant(null), moment) }),
  },
  { weight: 2, arbitrary: fc.record({ ...of("keep_alive"), isKeepAlive: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ ...of("claim_drain"), drain, leaseMs: moment }) },
  { weight: 4, arbitrary: fc.record({ ...of("release_drain"), drain, isDismissal: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({ ...of("submit_delivery"), id: fc.nat(6), variant: fc.constantFrom(0, 0, 0, 1) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      ...of("mark_delivery"),
      id: fc.oneof(fc.constant("next" as const), fc.constant("next" as const), fc.nat(6)),
      isKept: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record(of("rest_inbox")) },
  {
    weight: 3,
    arbitrary: fc.record({ ...of("move_projection"), consumer: fc.nat(1), by: fc.constantFrom(0, 1, 2, -1) }),
  },
  { weight: 3, arbitrary: fc.record({ ...of("put_blob"), blob: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ ...of("retain_blobs"), blob: fc.nat(3), ageMs: moment }) },
  { weight: 1, arbitrary: fc.record(of("clear_blobs")) },
  { weight: 2, arbitrary: fc.record({ ...of("plan_collection"), afterMs: moment }) },
  {
    weight: 2,
    arbitrary: fc.record({ ...of("replan_collection"), afterMs: fc.oneof(fc.constant(null), moment) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...of("weigh"),
      of: fc.constantFrom("inputs", "events"),
      before: fc.constantFrom(null, null, 2, 10),
    }),
  },
  { weight: 3, arbitrary: fc.record({ ...of("trim"), keepMs: fc.oneof(fc.constant(0), moment) }) },
  { weight: 10, arbitrary: beginRun },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("repeat_begin" as const), back: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ ...of("read_companions"), limit: fc.constantFrom(1, 10) }) },
];
