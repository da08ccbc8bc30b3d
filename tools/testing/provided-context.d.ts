import "vitest";

declare module "vitest" {
  /** What the global set-up of a test project hands to its tests, read with `inject`. */
  export interface ProvidedContext {
    /** The Redis of this run. Private to it, so a test may do as it likes in its own keys. */
    redisUrl: string;
  }
}
