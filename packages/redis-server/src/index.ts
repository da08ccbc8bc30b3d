export { findServer, HOW_TO_GET_REDIS } from "./find-server.ts";
export { freePort } from "./loopback.ts";
export { type PrivateRedis, type PrivateRedisOptions, startPrivateRedis } from "./private-redis.ts";
export { type Persistence, RedisServer, type RedisServerOptions } from "./redis-server.ts";
