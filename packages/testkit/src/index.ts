export * from "./clock/virtual-clock.ts";
export * from "./faults/fault-points.ts";
