import type { Guarantee } from "./violation.ts";
import type { Workload } from "./workload.ts";
import type { World } from "./world.ts";

/** A life that is over. */
export interface Life {
  readonly world: World;
  readonly workload: Workload;
  readonly isDrained: boolean;
}

/** Says that a guarantee was broken. */
export type Complain = (guarantee: Guarantee, text: string) => void;
