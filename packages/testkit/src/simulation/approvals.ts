/** Those who are asked to let suspended runs go on. */
import type { RequestId, RunId, SessionRef } from "@holdfast/contracts";
import type { Turn } from "@holdfast/runtime";
import { type Chance, createChance } from "./chance.ts";
import type { Process } from "./cluster.ts";
import { RETRY_MS, type Told, tell } from "./tell.ts";
import type { World } from "./world.ts";

/** A run that somebody lets go on, and with what. */
export interface Approving {
  readonly ref: SessionRef;
  readonly runId: RunId;
  /** The request's id, and the value that the run finds. */
  readonly request: string;
  told: Told<void> | null;
}

/** Statuses in which a run may still be suspended. */
const EARLY: ReadonlySet<unknown> = new Set(["staged", "waiting"]);

/** Everything that was asked for and given. */
export class Approvals {
  readonly given: Approving[] = [];
  readonly #world: World;
  readonly #clients: readonly Process[];
  readonly #chance: Chance;
  #underway = 0;

  constructor(world: World, clients: readonly Process[]) {
    this.#world = world;
    this.#clients = clients;
    this.#chance = createChance(world.plan.seed, "approvals");
  }

  /** Everybody who asked has an answer, or needs none any more. */
  get isDone(): boolean {
    return this.#underway === 0;
  }

  /** Somebody answers after a while: early, late, or while the run is on its way to be suspended. */
  ask({ ref, runId }: Pick<Turn, "ref" | "runId">): void {
    const { leaseMs } = this.#world.plan.timing;
    const afterMs = this.#chance.pick([0, 0.1, 0.5, 1.5]) * leaseMs * this.#chance.fraction();
    const client = this.#chance.pick(this.#clients);
    this.#underway += 1;
    client.node.clock.after(afterMs, () => void this.#approve(client, { ref, runId }));
  }

  /** Asks once more for every run: a store that was set back has forgotten that some were to go on. */
  finish(): void {
    const runs = new Map(this.given.map(({ ref, runId }) => [runId, ref]));
    for (const [runId, ref] of runs) {
      this.#underway += 1;
      void this.#approve(this.#clients[0] as Process, { ref, runId });
    }
  }

  async #approve(client: Process, { ref, runId }: { readonly ref: SessionRef; readonly runId: RunId }): Promise<void> {
    const request = `approval-${this.given.length + 1}`;
    const approving: Approving = { ref, runId, request, told: null };
    this.given.push(approving);
    for (;;) {
      const command = { runId, requestId: request as RequestId, value: { by: request } };
      const call = client.running.runtime.resumeRun(ref, command);
      approving.told = await tell(this.#world, client, { what: "resume", call });
      if (!mayAskAgain(approving.told)) break;
      await new Promise<void>((resolve) => void client.node.clock.after(RETRY_MS, resolve));
    }
    this.#underway -= 1;
  }
}

/** Nobody heard, or the run is not suspended yet. */
function mayAskAgain(told: Told<void>): boolean {
  if (told.kind === "answered") return false;
  return told.code === "store.unavailable" || (told.code === "run.not_suspended" && EARLY.has(told.details["status"]));
}
