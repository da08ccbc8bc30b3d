export * from "@holdfast/contracts";
export type { Executor, SessionRuntime, Turn } from "@holdfast/runtime";
export * from "./built-in/index.ts";
export { createHoldfast } from "./create-holdfast.ts";
export { defineExecutor, type ExecutorOptions, type ExecutorTurn } from "./define-executor.ts";
export * from "./holdfast.ts";
