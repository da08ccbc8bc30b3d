export type { ModelImage, ModelSnapshot, ModelStore, OpenModelStore } from "./model-store.ts";
export { type Plan, planOf } from "./plan.ts";
export { type SimulationCounts, type SimulationOptions, type SimulationResult, simulate } from "./simulation.ts";
export type { Guarantee, Violation } from "./violation.ts";
