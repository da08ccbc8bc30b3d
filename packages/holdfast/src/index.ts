export * from "@holdfast/contracts";
export type {
  Blobs,
  CommsDrainView,
  CommsInbox,
  Executor,
  FollowStreamOptions,
  InputStreamPart,
  InputTarget,
  InputView,
  InteractionSubscriber,
  PeerIngressContext,
  Report,
  SessionRuntime,
  SessionView,
  StoreHealth,
  StreamWrite,
  Turn,
  TurnStream,
  UnhostedSession,
  WorkerRecord,
} from "@holdfast/runtime";
export { createFileBlobs } from "@holdfast/runtime";
export { type StoreSurvey, surveyStore, withoutSecret } from "@holdfast/store-redis";
export * from "./built-in/index.ts";
export { createHoldfast } from "./create-holdfast.ts";
export { defineExecutor, type ExecutorOptions, type ExecutorTurn } from "./define-executor.ts";
export { ephemeral, persistent, persistentWithoutBlobs } from "./flavours.ts";
export * from "./holdfast.ts";
