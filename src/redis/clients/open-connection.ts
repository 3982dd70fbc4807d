import { findPackage, missingPackage, type Require } from "../../optional-package.js";
import type { RedisResolved } from "../redis-options.js";
import { CONNECT_TIMEOUT_MS, reconnectPause, type RedisConnection } from "./connection.js";
import { IoredisConnection, isIoredis, type IoredisClient } from "./ioredis.js";
import { NodeRedisConnection } from "./node-redis.js";
import { isNodeRedis, type NodeRedisClient } from "./node-redis-client.js";

/** Returns the connection that the options name: through the app's client, or through a new one. */
export function connectionOf({ client, url }: RedisResolved): RedisConnection {
  if (client === undefined) return openUrl(url as string);
  if (isIoredis(client)) return new IoredisConnection(client, false);
  if (isNodeRedis(client)) return new NodeRedisConnection(client);
  throw new TypeError("not a known Redis client");
}

/**
 * Connects to `url` with the client package that is installed: `redis`, else `ioredis`.
 *
 * @throws {Error} `ERR_BUNKER_PACKAGE` if neither is installed
 */
export function openUrl(url: string, load?: Require): RedisConnection {
  return (
    openNodeRedis(url, load) ?? openIoredis(url, load) ?? missingPackage("RedisStore", "redis (or ioredis)")
  );
}

function openNodeRedis(url: string, load?: Require): RedisConnection | undefined {
  const redis = findPackage("redis", load) as { createClient(options: object): NodeRedisClient } | undefined;
  if (redis === undefined) return undefined;
  return new NodeRedisConnection((signal) =>
    redis.createClient({
      url,
      disableOfflineQueue: true,
      socket: { signal, connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false },
    }),
  );
}

function openIoredis(url: string, load?: Require): RedisConnection | undefined {
  const ioredis = findPackage("ioredis", load) as
    { Redis: new (url: string, options: object) => IoredisClient } | undefined;
  if (ioredis === undefined) return undefined;
  const client = new ioredis.Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: reconnectPause,
  });
  return new IoredisConnection(client, true);
}
