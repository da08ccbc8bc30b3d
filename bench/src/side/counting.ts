/** The turn of every row: raises the session's durable counter and answers with it. */
import { defineExecutor, type ExecutorTurn, type SessionOptions } from "holdfast";

/** State of a counting session. */
export interface Counted {
  readonly n: number;
}

function count(turn: ExecutorTurn) {
  const n = ((turn.state as Counted | null)?.n ?? 0) + turn.inputs.length;
  return turn.complete({ state: { n }, output: n });
}

/** One message a turn. */
export const counting = defineExecutor("count", count);

/** Up to a hundred messages a turn. */
export const countingBatches = defineExecutor("count-batch", count, { maxBatch: 100 });

/** One message a turn, behind the gate of its session: nothing is answered until that opens. */
export function countingBehind(gateOf: (session: string) => Promise<void>) {
  return defineExecutor("count-gated", async (turn) => {
    await gateOf(turn.ref.sessionId);
    return count(turn);
  });
}

/** Names of the executors above. */
export type CountingExecutor = "count" | "count-batch" | "count-gated";

/** How a session of a load is created. */
export function boundTo(executor: CountingExecutor): SessionOptions {
  return { executor };
}
