/** What clients are told to do in one simulated life. */
import type { ControlVerb } from "@holdfast/contracts";
import type { Chance } from "./chance.ts";
import { type AsideOrder, drawAsides } from "./plan-asides.ts";
import { drawInput, drawKinds, type InputPlan } from "./plan-input.ts";

/** What a client is told to do. */
export type Order = { readonly at: number; readonly client: number } & (
  | { readonly type: "send"; readonly sending: InputPlan }
  /** The same again, or the same key with something else. */
  | { readonly type: "resend"; readonly of: InputPlan; readonly isChanged: boolean }
  | { readonly type: "wait"; readonly of: InputPlan }
  | {
      readonly type: "control";
      readonly session: number;
      readonly verb: Exclude<ControlVerb, "interrupt">;
      readonly request: string;
    }
  | {
      readonly type: "interrupt";
      readonly session: number;
      readonly request: string;
      readonly mode: "now" | "boundary" | "rollback";
    }
  | AsideOrder
);

interface OrderOptions {
  readonly activeMs: number;
  readonly clients: number;
  readonly sessions: number;
  readonly isCalm: boolean;
}

const VERBS: readonly ControlVerb[] = [
  "interrupt",
  "interrupt",
  "interrupt",
  "retire",
  "recycle",
  "recover",
  "reset",
  "stop",
  "destroy",
];

/** Draws the orders of one life, in the order of their time. */
export function drawOrders(chance: Chance, options: OrderOptions): Order[] {
  const { activeMs, clients, sessions } = options;
  const now = () => ({ at: chance.between(0, Math.round(activeMs * 0.9)), client: chance.between(0, clients - 1) });
  const count = chance.between(3, 9);
  const kinds = drawKinds(chance);
  const orders: Order[] = [];
  for (let number = 1; number <= count; number += 1) {
    const session = chance.between(0, sessions - 1);
    const when = now();
    const sending = drawInput(chance, { number, session, at: when.at, kinds });
    orders.push({ ...when, type: "send", sending });
    const { hasKey } = sending;
    if (hasKey && chance.isHit(0.15))
      orders.push({ ...now(), type: "resend", of: sending, isChanged: chance.isHit(0.3) });
    if (hasKey && chance.isHit(0.1)) orders.push({ ...now(), type: "wait", of: sending });
  }
  if (chance.isHit(0.3)) orders.push(...drawVerbs(chance, options, now));
  for (const aside of drawAsides(chance, { sessions, activeMs })) orders.push({ ...now(), ...aside });
  return orders.sort((one, other) => one.at - other.at);
}

function drawVerbs(chance: Chance, { sessions }: OrderOptions, now: () => { at: number; client: number }): Order[] {
  const count = chance.between(1, 3);
  return Array.from({ length: count }, (_, index) => {
    const session = chance.between(0, sessions - 1);
    const verb = chance.pick(VERBS);
    const request = `r${index + 1}`;
    const mode = chance.pick(["now", "boundary", "rollback"] as const);
    const draw = (): Order =>
      verb === "interrupt"
        ? { ...now(), type: verb, session, request, mode }
        : { ...now(), type: "control", session, verb, request };
    const order = draw();
    const again = draw();
    return [order, ...(chance.isHit(0.3) ? [again] : []), { ...now(), type: "ensure" as const, session }];
  }).flat();
}
