import { createRequire } from "node:module";
import { withHelp } from "../../errors.js";
import type { RedisConnection } from "./connection.js";
import { IoredisConnection, type IoredisClient } from "./ioredis.js";
import { NodeRedisConnection, type NodeRedisClient } from "./node-redis.js";

/** Loads a package by name, as `require` does. */
export type Load = (name: string) => unknown;

const CONNECT_TIMEOUT_MS = 2000;
const MAX_PAUSE_MS = 1000;

const pause = (attempt: number): number => Math.min(MAX_PAUSE_MS, 50 * 2 ** Math.min(attempt, 10));

/**
 * Opens a connection of our own to `url`, with whichever client is installed: `redis`, else `ioredis`.
 *
 * @throws {Error} `ERR_BUNKER_PACKAGE` when neither is installed
 */
export function openOwn(url: string, load: Load = createRequire(__filename)): RedisConnection {
  return openNodeRedis(url, load) ?? openIoredis(url, load) ?? missing();
}

function openNodeRedis(url: string, load: Load): RedisConnection | undefined {
  const redis = loaded("redis", load) as { createClient(options: object): NodeRedisClient } | undefined;
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

function openIoredis(url: string, load: Load): RedisConnection | undefined {
  const ioredis = loaded("ioredis", load) as
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

// Absent is one thing; a package that is there and broken must say so itself.
function loaded(name: string, load: Load): unknown {
  try {
    return load(name);
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (code === "MODULE_NOT_FOUND" && message?.includes(`'${name}'`) === true) return undefined;
    throw error;
  }
}

function missing(): never {
  throw Object.assign(
    new Error(
      withHelp(
        "ERR_BUNKER_PACKAGE",
        "RedisStore needs a package that is not installed: npm install redis (or ioredis)",
      ),
    ),
    { code: "ERR_BUNKER_PACKAGE" },
  );
}
