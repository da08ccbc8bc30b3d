/** What workers write into the streams of their runs, and what readers ask for, as data. See `command.ts`. */
import fc from "fast-check";

/** One thing that happens to a stream. */
export type StreamCommand =
  | {
      readonly type: "stream";
      readonly back: number;
      readonly at: "next" | "again" | "gap";
      readonly flaw: "none" | "token" | "claim" | "run";
      readonly count: number;
      readonly size: number;
    }
  | { readonly type: "read_stream"; readonly back: number; readonly after: number; readonly limit: number };

const recent = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(3) }, fc.nat(30));
const of = <T extends StreamCommand["type"]>(type: T) => ({ type: fc.constant(type) });

/** Chunks of a batch that somebody was handed. */
export const STREAM = fc.record({
  ...of("stream"),
  back: recent,
  at: fc.constantFrom<("next" | "again" | "gap")[]>("next", "next", "next", "next", "again", "again", "gap"),
  flaw: fc.constantFrom<("none" | "token" | "claim" | "run")[]>(
    ...Array.from({ length: 12 }, () => "none" as const),
    "token",
    "claim",
    "run",
  ),
  count: fc.constantFrom(1, 1, 1, 2, 3, 100),
  size: fc.constantFrom(0, 3, 30),
});

/** Everything that can happen to streams, as often as it is worth among the rest. */
export const STREAM_COMMANDS: readonly fc.WeightedArbitrary<StreamCommand>[] = [
  { weight: 30, arbitrary: STREAM },
  {
    weight: 12,
    arbitrary: fc.record({
      ...of("read_stream"),
      back: recent,
      after: fc.constantFrom(0, 0, 0, 1, 2, 5, 40),
      limit: fc.constantFrom(1, 3, 100),
    }),
  },
];
