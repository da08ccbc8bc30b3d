export type { PrepareSource } from "./connection/script-library.ts";
export { withoutSecret } from "./connection/without-secret.ts";
export { encodeRef, type Keyspace, type SessionKeys } from "./layout/keys.ts";
export { createRedisStore, type RedisStore, type RedisStoreOptions } from "./redis-store.ts";
export type { ServerFacts } from "./startup/check-server.ts";
export { type StoreSurvey, surveyStore } from "./startup/survey-store.ts";
