import type { SubmitAdvice, WorkState } from "@holdfast/contracts";
import type { Witness } from "../run/resolve-run.ts";

/** What has become of the work that an input asks for. */
export function workStateOf({ status, outcome }: Witness): WorkState {
  switch (status) {
    case "queued":
    case "staged":
    case "applied_pending":
      return { kind: "pending" };
    case "consumed":
      return { kind: "delivered" };
    case "superseded":
    case "coalesced":
      return { kind: "terminal_without_delivery", reason: status };
    case "abandoned": {
      const isCancelled = outcome?.kind === "abandoned" && outcome.reason === "cancelled";
      return { kind: "terminal_without_delivery", reason: isCancelled ? "cancelled" : "abandoned" };
    }
  }
}

const ADVICE: Readonly<Record<WorkState["kind"], SubmitAdvice>> = {
  pending: "wait",
  delivered: "done",
  // The key stays with what has ended: the same one would find it again.
  terminal_without_delivery: "resubmit_under_new_key",
  unclassified: "retry_under_same_key",
};

/** What a caller that knows as much does next. */
export function adviceFor({ kind }: WorkState): SubmitAdvice {
  return ADVICE[kind];
}
