export * from "./machine/compile-table.ts";
export * from "./machine/machines.ts";
