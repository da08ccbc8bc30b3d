export type { CompanionImage } from "./archive/companion-image.ts";
export { findImageFault } from "./archive/image-faults.ts";
export type { SessionImage } from "./archive/session-image.ts";
export {
  createMemoryStore,
  type MemoryStore,
  type MemoryStoreOptions,
  type StoreSnapshot,
} from "./memory-store.ts";
export {
  createMemoryNotifier,
  type MemoryNotifierHub,
  type MemoryNotifierOptions,
} from "./notifier/memory-notifier.ts";
export {
  createMemoryWakeQueue,
  type MemoryWakeQueueHub,
  type MemoryWakeQueueOptions,
} from "./queue/memory-wake-queue.ts";
