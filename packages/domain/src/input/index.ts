export * from "./admission-rules.ts";
export * from "./fingerprint.ts";
export * from "./input-kind.ts";
export * from "./json-guard.ts";
export * from "./parse-input.ts";
export * from "./parse-json.ts";
