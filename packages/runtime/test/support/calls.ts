import { AppError } from "@holdfast/contracts";
import type { AdvanceCommand, AdvanceReply, ClaimCommand, ClaimReply, Ledger, Store } from "../../src/index.ts";

/** A ledger with some methods replaced. */
export function withLedger(replace: (ledger: Ledger) => Partial<Ledger>): (store: Store) => Store {
  return (store) => ({ ...store, ledger: { ...methodsOf(store.ledger), ...replace(store.ledger) } });
}

/** The methods of a ledger as functions of their own. */
function methodsOf(ledger: Ledger): Ledger {
  return {
    admit: (command) => ledger.admit(command),
    claim: (command) => ledger.claim(command),
    advance: (command) => ledger.advance(command),
    renew: (holds) => ledger.renew(holds),
    sweep: (limit) => ledger.sweep(limit),
    inspectDue: (ref) => ledger.inspectDue(ref),
    settleChores: (ref) => ledger.settleChores(ref),
    watch: (command) => ledger.watch(command),
  };
}

/** Methods of the ledger whose answers tests delay and lose. */
type Answered = "admit" | "claim" | "advance" | "watch";

/** Answers of a method pass a door; what was asked is carried out before. */
export function answeringBehind(door: Door, method: Answered): (store: Store) => Store {
  return afterReply(method, () => door.pass());
}

/** The first answer of a method is lost, though what was asked is carried out. */
export function losingFirst(method: Answered): (store: Store) => Store {
  let isLost = true;
  return afterReply(method, () => {
    if (!isLost) return;
    isLost = false;
    throw new AppError("store.unavailable");
  });
}

function afterReply(method: Answered, then: () => Promise<void> | void): (store: Store) => Store {
  return withLedger((ledger) => {
    const call = async (command: never) => {
      const reply = await ledger[method](command);
      await then();
      return reply;
    };
    return { [method]: call } as Partial<Ledger>;
  });
}

/** What a worker sent and what came back, in order. */
export interface LedgerTape {
  readonly claims: { readonly command: ClaimCommand; readonly reply: ClaimReply }[];
  readonly advances: { readonly command: AdvanceCommand; readonly reply: AdvanceReply }[];
}

/** Records the claims and advances of a process, as the store answered them. */
export function taping(): { readonly tape: LedgerTape; readonly wrap: (store: Store) => Store } {
  const tape: LedgerTape = { claims: [], advances: [] };
  const wrap = withLedger((ledger) => ({
    claim: async (command) => {
      const reply = await ledger.claim(command);
      tape.claims.push({ command, reply });
      return reply;
    },
    advance: async (command) => {
      const reply = await ledger.advance(command);
      tape.advances.push({ command, reply });
      return reply;
    },
  }));
  return { tape, wrap };
}

/** A door that calls wait at. */
export class Door {
  #isOpen = true;
  #waiting: (() => void)[] = [];

  close(): void {
    this.#isOpen = false;
  }

  open(): void {
    this.#isOpen = true;
    for (const pass of this.#waiting.splice(0)) pass();
  }

  pass(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isOpen) resolve();
      else this.#waiting.push(resolve);
    });
  }
}
