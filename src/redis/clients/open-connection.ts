import { findPackage, missingPackage, type Require } from "../../optional-package.js";
import type { RedisResolved } from "../redis-options.js";
import { CONNECT_TIMEOUT_MS, type RedisConnection } from "./connection.js";
import { IoredisConnection, isIoredis, type IoredisClient } from "./ioredis.js";
import { isNodeRedis, NodeRedisConnection, type NodeRedisClient } from "./node-redis.js";

const MAX_PAUSE_MS = 1000;

const pause = (attempt: number): number => Math.min(MAX_PAUSE_MS, 50 * 2 ** Math.min(attempt, 10));

/** Returns the connection that the options name: through the app's client, or through a new one. */
export function connectionOf({ client, url }: RedisResolved): RedisConnection {
  if (client === undefined) return openUrl(url as string);
  if (isIoredis(client)) return new IoredisConnection(client, false);
  if (isNodeRedis(client)) return new NodeRedisConnection(client, false);
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
  const client = redis.createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: pause },
  });
  const connection = new NodeRedisConnection(client, true);
  // The client keeps trying; commands report what fails.
  client.connect().catch(() => undefined);
  return connection;
}

function openIoredis(url: string, load?: Require): RedisConnection | undefined {
  const ioredis = findPackage("ioredis", load) as
    { Redis: new (url: string, options: object) => IoredisClient } | undefined;
  if (ioredis === undefined) return undefined;
  const client = new ioredis.Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: pause,
  });
  return new IoredisConnection(client, true);
}
