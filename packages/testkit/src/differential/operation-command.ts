/** What can happen to the registry of background operations, as data; see `command.ts`. */
import { OperationAction, OperationKind } from "@holdfast/contracts";
import fc from "fast-check";

type Action = Exclude<OperationAction, "terminate">;

/** Which life of a registry a process believes in. */
type Epoch = "current" | "former";

/** One thing that happens to a registry. */
export type OperationCommand =
  | { readonly type: "open_registry"; readonly session: number; readonly node: number; readonly isFromSlot: boolean }
  | {
      readonly type: "register_operation";
      readonly session: number;
      readonly node: number;
      /** A known operation, counted back, or `null` for a new one. */
      readonly back: number | null;
      readonly request: number | null;
      readonly kind: OperationKind;
      readonly epoch: Epoch;
    }
  | {
      readonly type: "move_operation";
      readonly session: number;
      readonly back: number;
      readonly action: Action;
      readonly node: number;
      readonly takesOwnership: boolean;
      readonly request: number | null;
      readonly variant: number;
      readonly epoch: Epoch;
    }
  | { readonly type: "terminate_operations"; readonly session: number; readonly epoch: Epoch }
  | {
      readonly type: "watch_operation";
      readonly session: number;
      readonly back: number;
      readonly node: number;
      readonly count: number;
    }
  | {
      readonly type: "await_operations";
      readonly session: number;
      readonly action: "begin" | "renew" | "cancel";
      readonly wait: number;
      readonly count: number;
      readonly from: number;
      /** Says that there are more to come. */
      readonly isPart: boolean;
    }
  | { readonly type: "collect_operations"; readonly session: number; readonly through: number }
  | { readonly type: "advance_cursor"; readonly session: number; readonly to: number }
  /** A continuation that tells of what has ended. */
  | { readonly type: "tell"; readonly session: number; readonly through: number }
  | { readonly type: "read_operations"; readonly session: number; readonly after: number; readonly limit: number };

type Weighted = fc.WeightedArbitrary<OperationCommand>;

const of = <T extends OperationCommand["type"]>(type: T) => ({ type: fc.constant(type), session });
const session = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) });
const node = fc.constantFrom(0, 0, 1, 2);
const back = fc.oneof({ weight: 6, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(20) });
const request = fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(3) });
const epoch = fc.constantFrom<Epoch[]>(...Array.from({ length: 19 }, () => "current" as const), "former");
const rarely = fc.constantFrom(false, false, false, false, true);

/** Those that take an operation on, or to its end, more often than the rest. */
const action = fc.constantFrom<Action[]>(
  ...OperationAction.options.filter((name): name is Action => name !== "terminate"),
  "provision",
  "provision",
  "provision",
  "complete",
  "complete",
  "fail",
  "cancel",
);

const registerOperation = fc.record({
  ...of("register_operation"),
  node,
  back: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(3) }),
  request,
  kind: fc.constantFrom<OperationKind[]>(...OperationKind.options, "background_tool_op", "background_tool_op"),
  epoch,
});

const moveOperation = fc.record({
  ...of("move_operation"),
  back,
  action,
  node,
  takesOwnership: rarely,
  request,
  variant: fc.constantFrom(0, 0, 0, 1),
  epoch,
});

const awaitOperations = fc.record({
  ...of("await_operations"),
  action: fc.constantFrom("begin" as const, "begin" as const, "renew" as const, "cancel" as const),
  wait: fc.nat(1),
  count: fc.nat(4),
  from: fc.constantFrom(0, 0, 0, 1, 2),
  isPart: rarely,
});

/** Everything that can happen to a registry, as often as it is worth among the rest. */
export const OPERATION_COMMANDS: readonly Weighted[] = [
  { weight: 8, arbitrary: fc.record({ ...of("open_registry"), node, isFromSlot: rarely }) },
  { weight: 16, arbitrary: registerOperation },
  { weight: 24, arbitrary: moveOperation },
  { weight: 2, arbitrary: fc.record({ ...of("terminate_operations"), epoch }) },
  { weight: 5, arbitrary: fc.record({ ...of("watch_operation"), back, node, count: fc.nat(2) }) },
  { weight: 7, arbitrary: awaitOperations },
  { weight: 3, arbitrary: fc.record({ ...of("collect_operations"), through: fc.nat(8) }) },
  { weight: 3, arbitrary: fc.record({ ...of("advance_cursor"), to: fc.nat(8) }) },
  { weight: 5, arbitrary: fc.record({ ...of("tell"), through: fc.integer({ min: 1, max: 8 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ ...of("read_operations"), after: fc.nat(5), limit: fc.constantFrom(0, 2, 500) }),
  },
];
