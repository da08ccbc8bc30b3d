import { nanoid } from "nanoid";
import type { Random } from "../ports/random.ts";

/** Randomness of the operating system for ids; a fast generator for jitter. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  id: (prefix) => `${prefix}_${nanoid()}`,
};
