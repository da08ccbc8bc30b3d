/** Executors as users write them, good and bad. */
import type { ExecutorResult } from "@holdfast/contracts";
import type { Executor, Turn } from "@holdfast/runtime";
import { BEHAVIOURS, complete, type Tools } from "./behaviours.ts";
import type { SimulatedNode } from "./node.ts";
import type { Trap } from "./plan-trouble.ts";
import type { TurnRecord } from "./turn-record.ts";
import type { World } from "./world.ts";

/** Creates the executors of one worker. */
export function createExecutors(world: World, node: SimulatedNode, names: readonly string[]): Executor[] {
  return names.map((name) => ({
    name,
    version: "1.0.0",
    maxBatch: name === "batching" ? 16 : 1,
    apply: async (turn) => {
      node.turns += 1;
      try {
        return await applyTurn(world, node, turn);
      } finally {
        node.turns -= 1;
      }
    },
  }));
}

async function applyTurn(world: World, node: SimulatedNode, turn: Turn): Promise<ExecutorResult> {
  const record: TurnRecord = { turn, inputIds: turn.inputs.map(({ id }) => id), joined: [], step: null };
  world.turns.push(record);
  const { isQuiet, turnChance: chance } = world;
  const behaviour = isQuiet ? complete : chance.pick(BEHAVIOURS);
  world.history.note(node.name, "turn", () => ({
    session: turn.ref.sessionId,
    run: `${turn.runId}#${turn.attempt}`,
    does: behaviour.name,
    inputs: record.inputIds,
  }));
  const tools = toolsOf(world, node, record);
  await passTrap(world, node, "start");
  if (!isQuiet && chance.isHit(0.4)) {
    record.step = await takeStep(turn, tools, () => passTrap(world, node, "step"));
  }
  const result = await behaviour(turn, tools);
  await passTrap(world, node, "end");
  return result as ExecutorResult;
}

/** Springs a trap that waits here; the turn goes on when its process does. */
async function passTrap({ traps }: World, node: SimulatedNode, where: NonNullable<Trap>): Promise<void> {
  const at = traps.findIndex((trap) => trap.where === where);
  const [trap] = at < 0 ? [] : traps.splice(at, 1);
  if (trap === undefined) return;
  trap.strike(node);
  await new Promise<void>((resolve) => void node.clock.after(0, resolve));
}

function toolsOf(world: World, { clock }: SimulatedNode, { turn, joined }: TurnRecord): Tools {
  const { turnChance, plan } = world;
  return {
    noteJoined: (inputIds) => joined.push(...inputIds),
    askApproval: () => world.askApproval(turn),
    chance: turnChance,
    leaseMs: plan.timing.leaseMs,
    now: () => clock.now(),
    sleep: (ms) => (ms <= 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(ms, resolve))),
  };
}

/** A step whose result differs whenever it really runs. */
function takeStep(turn: Turn, { chance, sleep }: Tools, pass: () => Promise<void>): Promise<string> {
  return turn.step("effect", async () => {
    await sleep(chance.pick([0, 0, 20]));
    await pass();
    return `${turn.fence.claimId}#${turn.attempt}`;
  });
}
