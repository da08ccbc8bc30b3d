export * from "./clock/virtual-clock.ts";
export { describeLedger } from "./conformance/ledger.ts";
export type { StoreFactory, StoreTestOptions, StoreUnderTest } from "./conformance/store-under-test.ts";
export * from "./faults/fault-points.ts";
export * from "./fixtures/commands.ts";
export * from "./fixtures/ids.ts";
export * from "./fixtures/session-driver.ts";
