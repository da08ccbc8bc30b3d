export type { CommsApi, CommsDrainView, PeerIngressContext } from "./api/comms.ts";
export { createSessionRuntime, type RunningRuntime } from "./create-session-runtime.ts";
export * from "./ports/index.ts";
export { type PacedReports, paceReports } from "./report/paced-reports.ts";
export type { Report, RuntimeContext } from "./runtime-context.ts";
export * from "./session-runtime.ts";
export { sha256 } from "./system/sha256.ts";
export { systemClock } from "./system/system-clock.ts";
export { systemRandom } from "./system/system-random.ts";
