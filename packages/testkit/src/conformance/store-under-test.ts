import type { Binding, Retention, RetryBudget, Timing } from "@holdfast/contracts";
import type { Store } from "@holdfast/runtime";
import { binding } from "../fixtures/commands.ts";
import { sessionRef } from "../fixtures/ids.ts";
import { driveSession, type SessionDriver } from "../fixtures/session-driver.ts";

/** A fresh, empty store whose time a test controls. */
export interface StoreUnderTest {
  readonly ports: Store;
  /** The store's time. */
  now(): number;
  /** Moves the store's time on. */
  advanceTime(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens a store for one test. */
export type StoreFactory = (options?: StoreTestOptions) => Promise<StoreUnderTest>;

/** What a test may ask of a store. */
export interface StoreTestOptions {
  readonly timing?: Partial<Timing>;
  readonly budget?: Partial<RetryBudget>;
  readonly retention?: Partial<Retention>;
}

/** A session of a fresh store, with the store's time. */
export interface SessionUnderTest extends SessionDriver {
  now(): number;
  advanceTime(ms: number): Promise<void>;
}

/** What a test may ask of its session; bound and holding its lane on failure unless it says otherwise. */
export interface SessionTestOptions extends StoreTestOptions {
  readonly binding?: Binding | null;
}

/** A test of one session in a store of its own. */
export function withSession(
  openStore: StoreFactory,
  test: (session: SessionUnderTest) => Promise<void>,
  options: SessionTestOptions = {},
): () => Promise<void> {
  return async () => {
    const store = await openStore(options);
    try {
      const session = driveSession(store.ports, sessionRef("chat/42"));
      await session.register(options.binding === undefined ? binding() : options.binding);
      await test({ ...session, now: () => store.now(), advanceTime: (ms) => store.advanceTime(ms) });
    } finally {
      await store.close();
    }
  };
}
