/**
 * Watches over a turn in progress: one that gives no sign for long is noted, one
 * that reaches no boundary in time is ended.
 */
import type { RuntimeContext } from "../runtime-context.ts";

/** What happens to a turn that is too slow. */
export interface ProgressWatchParts {
  readonly context: Pick<RuntimeContext, "clock" | "loop">;
  /** Nothing was seen of it for long; said once per silence. */
  readonly silent: () => void;
  /** It reached no boundary within the time it has. */
  readonly overdue: () => void;
}

/** A watch over one turn. */
export interface ProgressWatch {
  /** Something was seen of the turn. */
  progressed(sign: "boundary" | "sign"): void;
  stop(): void;
}

/** Begins to watch. */
export function watchProgress({ context, silent, overdue }: ProgressWatchParts): ProgressWatch {
  const { clock, loop } = context;
  let boundaryAt = clock.monotonic();
  let seenAt = boundaryAt;
  let isNoted = false;
  let cancel = (): void => {};

  // One timer that looks again: signs are frequent, and would each cost a timer.
  const look = (): void => {
    const now = clock.monotonic();
    if (now >= boundaryAt + loop.stallLimitMs) {
      overdue();
      return;
    }
    if (!isNoted && now >= seenAt + loop.stallNoticeMs) {
      isNoted = true;
      silent();
    }
    lookLater(now);
  };
  const lookLater = (now: number): void => {
    const noticeAt = isNoted ? now + loop.stallNoticeMs : seenAt + loop.stallNoticeMs;
    cancel = clock.after(Math.min(noticeAt, boundaryAt + loop.stallLimitMs) - now, look);
  };
  lookLater(boundaryAt);
  return {
    progressed: (sign) => {
      seenAt = clock.monotonic();
      if (sign === "boundary") boundaryAt = seenAt;
      isNoted = false;
    },
    stop: () => cancel(),
  };
}
