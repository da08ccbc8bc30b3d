import type { Ack } from "@holdfast/contracts";
import type { Ledger } from "@holdfast/runtime";
import type { MemoryContext } from "../session/work.ts";
import { admit } from "./admit.ts";
import { advance } from "./advance.ts";
import { claim } from "./claim.ts";
import { settleChores } from "./settle-chores.ts";
import { inspectDue, renew, sweep, watch } from "./sweep.ts";

/** The ledger in process: every operation is one synchronous step. */
export function createMemoryLedger(context: MemoryContext, ack: () => Ack): Ledger {
  return {
    admit: async (command) => admit(context, command, ack()),
    claim: async (command) => claim(context, command),
    advance: async (command) => advance(context, command, ack()),
    renew: async (holds) => holds.map((hold) => renew(context, hold)),
    sweep: async (limit) => sweep(context, limit),
    inspectDue: async (ref) => inspectDue(context, ref),
    settleChores: async (ref) => settleChores(context, ref),
    watch: async (command) => watch(context, command),
  };
}
