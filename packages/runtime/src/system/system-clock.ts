import type { Clock } from "../ports/clock.ts";

/** What a timer of Node can wait; a longer one, such as for ever, would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The process's own clock. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, fn) => {
    const endsAt = performance.now() + ms;
    let timer: NodeJS.Timeout;
    const arm = (restMs: number) => {
      const isLast = restMs <= LONGEST_TIMER_MS;
      timer = setTimeout(isLast ? fn : () => arm(endsAt - performance.now()), Math.min(restMs, LONGEST_TIMER_MS));
      timer.unref();
    };
    arm(ms);
    return () => clearTimeout(timer);
  },
};
