/** Control verbs at random sessions, all the while: the same ones, in the same order, for the same seed. */
import { ERRORS, type Holdfast, isAppError, type RequestId } from "holdfast";
import { seededRandom } from "./seeded-random.ts";

const VERBS = ["interrupt", "recycle", "recover"] as const;

type Verb = (typeof VERBS)[number];

/** How often each verb was applied and refused. */
export type ControlCounts = Readonly<Record<Verb, { applied: number; refused: number }>>;

export interface ControlFireOptions {
  readonly holdfast: Holdfast;
  readonly seed: number;
  readonly everyMs: number;
  /** A session worth firing at, by a number in [0, 1). */
  readonly choose: (fraction: number) => string | null;
  /** A verb failed as none may. */
  readonly onFault: (error: unknown) => void;
}

/** Half of the shots interrupt: the other verbs are refused while a run is in progress. */
const INTERRUPTS = 0.6;

/** Fires until it is stopped. */
export class ControlFire {
  readonly counts: ControlCounts = {
    interrupt: { applied: 0, refused: 0 },
    recycle: { applied: 0, refused: 0 },
    recover: { applied: 0, refused: 0 },
  };
  readonly #options: ControlFireOptions;
  readonly #random: () => number;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<void>>();
  #shots = 0;

  constructor(options: ControlFireOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#timer = setInterval(() => this.#fire(), options.everyMs);
  }

  /** Resolves when the last verb was answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
  }

  #fire(): void {
    const verb = this.#random() < INTERRUPTS ? "interrupt" : this.#random() < 0.5 ? "recycle" : "recover";
    const session = this.#options.choose(this.#random());
    if (session === null) return;
    this.#shots += 1;
    const shot = this.#apply(session, verb, `fire-${this.#options.seed}-${this.#shots}` as RequestId);
    this.#underWay.add(shot);
    void shot.finally(() => this.#underWay.delete(shot));
  }

  async #apply(session: string, verb: Verb, requestId: RequestId): Promise<void> {
    const { holdfast, onFault } = this.#options;
    const { ref } = holdfast.session(session);
    try {
      if (verb === "interrupt") await holdfast.runtime.interruptCurrentRun(ref, { requestId });
      else await holdfast.runtime.control(ref, { verb, requestId });
      this.counts[verb].applied += 1;
    } catch (error) {
      if (isAppError(error) && ERRORS[error.code].kind === "conflict") this.counts[verb].refused += 1;
      else if (!isAppError(error, "store.unavailable")) onFault(error);
    }
  }
}
