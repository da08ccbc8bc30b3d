/** Load that waits for its answers: `inFlight` callers, each sending its next message when the last one has its result. */

/** Sends one message to a session and resolves with its result. */
export type Send = (session: string, message: number) => Promise<number>;

/** How much load, on what, for how long. */
export interface LoadPlan {
  /** Sessions `<prefix>/0` to `<prefix>/<sessions-1>`, in turn. */
  readonly prefix: string;
  readonly sessions: number;
  readonly inFlight: number;
  /** Not counted. */
  readonly warmupMs: number;
  readonly measureMs: number;
  /** Ends the load early: what is sent is bounded in number too. */
  readonly maxMessages: number;
  /** Number of the first one, 0 if it is not said; a number is sent once in a session. */
  readonly firstMessage?: number;
}

/** What became of a load. */
export interface LoadReport {
  /** All messages, those of the warm-up included. */
  readonly messages: number;
  /** Answered within the measured time, per second. */
  readonly perSecond: number;
  /** Processor time of this process over all messages. */
  readonly cpuMicroseconds: number;
}

/** Runs a load to its end: every message sent has been answered. */
export async function closedLoop(send: Send, plan: LoadPlan): Promise<LoadReport> {
  const { prefix, sessions, firstMessage = 0 } = plan;
  const cpu = process.cpuUsage();
  const window = new MeasuringWindow(plan);
  let sent = 0;
  const caller = async (): Promise<void> => {
    while (!window.isClosed && sent < plan.maxMessages) {
      const message = firstMessage + sent;
      sent += 1;
      await send(sessionName(prefix, message % sessions), message);
      window.answered();
    }
  };
  await Promise.all(Array.from({ length: plan.inFlight }, caller));
  const { user, system } = process.cpuUsage(cpu);
  return { messages: sent, perSecond: window.perSecond, cpuMicroseconds: user + system };
}

/** Opens when the warm-up is over and every session has answered, and stays open for a time. */
class MeasuringWindow {
  readonly #plan: LoadPlan;
  readonly #warmUntil: number;
  #warmAnswers = 0;
  #openedAt: number | null = null;
  #lastAt = 0;
  #counted = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#warmUntil = performance.now() + plan.warmupMs;
  }

  get isClosed(): boolean {
    return this.#openedAt !== null && performance.now() >= this.#openedAt + this.#plan.measureMs;
  }

  /** Answers a second; 0 when it never opened. */
  get perSecond(): number {
    if (this.#openedAt === null || this.#counted === 0) return 0;
    return (this.#counted / (this.#lastAt - this.#openedAt)) * 1000;
  }

  answered(): void {
    if (this.isClosed) return;
    const now = performance.now();
    if (this.#openedAt !== null) {
      this.#counted += 1;
      this.#lastAt = now;
      return;
    }
    this.#warmAnswers += 1;
    if (now >= this.#warmUntil && this.#warmAnswers >= this.#plan.sessions) this.#openedAt = now;
  }
}

/** Single messages, one after the other. */
export interface PingPlan {
  readonly prefix: string;
  /** One session for all messages, or a session for each. */
  readonly sessions: number;
  readonly messages: number;
  /** Number of the first one; a number is sent once in a session. */
  readonly firstMessage: number;
  /** Quiet time between two messages. */
  readonly pauseMs: number;
}

/** Sends messages one by one; answers the time from sending to result of each, in milliseconds. */
export async function pingPong(send: Send, plan: PingPlan): Promise<number[]> {
  const latencies: number[] = [];
  for (let sent = 0; sent < plan.messages; sent += 1) {
    const message = plan.firstMessage + sent;
    if (plan.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, plan.pauseMs));
    const sentAt = performance.now();
    await send(sessionName(plan.prefix, message % plan.sessions), message);
    latencies.push(performance.now() - sentAt);
  }
  return latencies;
}

/** The names of a load's sessions. */
export function sessionName(prefix: string, index: number): string {
  return `${prefix}/${index}`;
}

/** What every message says: as long as a short paragraph. */
export const MESSAGE_TEXT = "Where is my parcel? ".repeat(10);
