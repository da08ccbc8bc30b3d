export * from "./ports/index.ts";
export * from "./session-runtime.ts";
