import { findPackage, missingPackage, type Require } from "../../optional-package.js";
import type { RedisConnection } from "./connection.js";
import { IoredisConnection, type IoredisClient } from "./ioredis.js";
import { NodeRedisConnection, type NodeRedisClient } from "./node-redis.js";

const CONNECT_TIMEOUT_MS = 2000;
const MAX_PAUSE_MS = 1000;

const pause = (attempt: number): number => Math.min(MAX_PAUSE_MS, 50 * 2 ** Math.min(attempt, 10));

/**
 * Opens a connection of our own to `url`, with whichever client is installed: `redis`, else `ioredis`.
 *
 * @throws {Error} `ERR_BUNKER_PACKAGE` when neither is installed
 */
export function openOwn(url: string, load?: Require): RedisConnection {
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
  // It goes on trying by itself; what goes wrong is met where commands are sent.
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
