import { type FaultPlan, type FaultPoint, strikeAt } from "@holdfast/testkit";
import type { Self } from "./scene.ts";

/** What happens to whoever passes a point: a request or a reply is lost, the process dies, or it sleeps past its lease. */
export const WAYS = ["lost", "dead", "asleep"] as const;

/** One of {@link WAYS}. */
export type Way = (typeof WAYS)[number];

/** Strikes whoever passes a point first, and counts. */
export function faultIn(point: FaultPoint, way: Way) {
  let struck = 0;
  const fault = (self: Self): FaultPlan =>
    strikeAt(point, [1], way === "dead" ? "hang" : "fail", () => {
      struck += 1;
      if (way === "dead") self.die();
      if (way === "asleep") self.freeze();
    });
  return { fault, strikes: () => struck };
}
