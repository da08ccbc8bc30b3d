/** What clients do with a session beside sending to it: schedules, background operations, removals. */
import type { CatchUp } from "@holdfast/contracts";
import type { Chance } from "./chance.ts";

/** How a background operation ends. */
const ENDS = ["complete", "complete", "fail", "cancel", "abort"] as const;

/** An order about something beside a session's inputs. */
export type AsideOrder =
  | { readonly type: "schedule"; readonly session: number; readonly name: string; readonly catchUp: CatchUp }
  | { readonly type: "unschedule"; readonly session: number; readonly name: string }
  | {
      readonly type: "operate";
      readonly session: number;
      readonly name: string;
      readonly end: (typeof ENDS)[number];
      readonly afterMs: number;
    }
  | { readonly type: "unregister"; readonly session: number; readonly request: string; readonly isForced: boolean }
  | { readonly type: "ensure"; readonly session: number };

/** Draws what is done beside: nothing in most lives. */
export function drawAsides(
  chance: Chance,
  { sessions, activeMs }: { readonly sessions: number; readonly activeMs: number },
): readonly AsideOrder[] {
  if (!chance.isHit(0.3)) return [];
  const session = chance.between(0, sessions - 1);
  switch (chance.pick(["schedule", "operate", "operate", "unregister"] as const)) {
    case "schedule": {
      const name = `every-${session + 1}`;
      const catchUp = chance.pick(["skip", "one", "all"] as const);
      return [
        { type: "schedule", session, name, catchUp },
        { type: "unschedule", session, name },
      ];
    }
    case "operate":
      return Array.from({ length: chance.between(1, 3) }, (_, index) => {
        const afterMs = chance.between(0, Math.round(activeMs / 2));
        return { type: "operate", session, name: `op_${index + 1}`, end: chance.pick(ENDS), afterMs };
      });
    case "unregister": {
      const order = { type: "unregister", session, request: "removal", isForced: chance.isHit(0.3) } as const;
      return [order, ...(chance.isHit(0.3) ? [order] : []), { type: "ensure", session }];
    }
  }
}
