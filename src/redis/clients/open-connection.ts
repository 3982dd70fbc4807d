import type { RedisResolved } from "../redis-options.js";
import type { RedisConnection } from "./connection.js";
import { IoredisConnection, isIoredis } from "./ioredis.js";
import { isNodeRedis, NodeRedisConnection } from "./node-redis.js";
import { openOwn } from "./own-client.js";

/** The connection that the options ask for: the client that was given, or one of our own. */
export function connectionOf({ client, url }: RedisResolved): RedisConnection {
  if (client === undefined) return openOwn(url as string);
  if (isIoredis(client)) return new IoredisConnection(client, false);
  if (isNodeRedis(client)) return new NodeRedisConnection(client, false);
  throw new TypeError("no client that is known");
}
