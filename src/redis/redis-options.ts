import { Log } from "../log/log.js";
import type { Logger } from "../log/logger.js";
import { check, decimal, flag, integer, text, type Check } from "../options/check.js";
import { allProblemsAtOnce, group, readOptions, type AnyTable, type Resolved } from "../options/table.js";
import { isIoredis } from "./clients/ioredis.js";
import { isNodeRedis } from "./clients/node-redis-client.js";

/** Options of a `RedisStore`: either `url` or `client` is required. */
export interface RedisStoreOptions {
  /**
   * `redis://[[user][:password]@]host[:port][/database]`, `rediss://` for TLS. The store connects with
   * the package `redis` or `ioredis`, whichever is installed; `close()` closes its connections.
   */
  url?: string;
  /**
   * A client of `redis` (node-redis) 5 or 6 or of `ioredis` 5 or 6, connected or connecting: for one server, Sentinel or
   * Cluster. `close()` leaves it open. The store duplicates it for a second connection that subscribes.
   */
  client?: object;
  /** The prefix of the store's keys and channels, without braces. Default `"bunker:"`. */
  prefix?: string;
  /** The timeout of one call, in ms: 1–900. Default 100. */
  timeout?: number;
  /**
   * What a call does while Redis is away. `true` = this process counts, remembers used challenges and bans by itself, and writes
   * bans later; `false` = the call fails, and requests follow `onStoreError`. Default `true`.
   */
  fallback?: boolean;
  /**
   * Stores bans of single addresses under BunkerWeb's keys and receives those that BunkerWeb writes: an app and a BunkerWeb
   * fleet on the same database share bans. Not on a Cluster. Default `false`.
   */
  bunkerweb?: boolean;
  /**
   * Adds bad responses to BunkerWeb's counters too, and counts what it has counted. Needs `bunkerweb`; only for IPv4 clients.
   * Default `false`.
   */
  bunkerwebCounters?: boolean;
  /**
   * The maximum number of keys per namespace. When full, the key that expires first is evicted; new `ban` and `spent` keys are
   * refused. Default 2 000 000 each.
   */
  maxKeys?: { readonly [N in "ban" | "spent" | "hit" | "cache"]?: number };
  /** Logs the beginning and end of an outage; `false` = no logger. Default: the console. */
  logger?: Logger | false;
}

const budget = (namespace: string): { check: Check<number>; default: number; help: string } => ({
  check: integer(1000, 1_000_000_000),
  default: 2_000_000,
  help: `The maximum number of ${namespace} keys.`,
});

const budgetsTable = {
  ban: budget("ban"),
  spent: budget("spent"),
  hit: budget("hit"),
  cache: budget("cache"),
};

const clientCheck = check<object>("a client of redis (5, 6) or ioredis (5, 6)", (value) =>
  typeof value === "object" && value !== null && (isIoredis(value) || isNodeRedis(value)) ? value : undefined,
);

const loggerCheck = check<Log | false>("a logger with the methods info and warn, or false", (value) => {
  if (value === false) return value;
  const { info, warn } = (value ?? {}) as Partial<Logger>;
  return typeof info === "function" && typeof warn === "function" ? Log.of(value as Logger) : undefined;
});

/** The options of a `RedisStore`. */
export const redisTable = {
  url: {
    check: text("a redis:// or rediss:// URL", /^rediss?:\/\/[^\s]+$/),
    default: undefined,
    help: "The URL of Redis.",
    secret: true,
  },
  client: { check: clientCheck, default: undefined, help: "A Redis client of the app, instead of `url`." },
  prefix: {
    check: text("a text of up to 64 characters without braces or white space", /^[^{}\s]{0,64}$/),
    default: "bunker:",
    help: "The prefix of keys and channels.",
  },
  timeout: { check: decimal(1, 900), default: 100, help: "The timeout of one call, in milliseconds." },
  fallback: { check: flag(), default: true, help: "Counts and bans in this process while Redis is away." },
  bunkerweb: { check: flag(), default: false, help: "Shares bans with BunkerWeb." },
  bunkerwebCounters: { check: flag(), default: false, help: "Counts bad responses together with BunkerWeb." },
  maxKeys: {
    check: group(budgetsTable),
    default: () => readOptions(budgetsTable, {}, "", () => undefined),
    help: "The maximum number of keys per namespace.",
  },
  logger: {
    check: loggerCheck,
    default: () => Log.of(console),
    help: "Logs the beginning and end of an outage.",
  },
} satisfies AnyTable;

/** {@link RedisStoreOptions} read and checked. */
export type RedisResolved = Resolved<typeof redisTable>;

/**
 * Reads the options of a `RedisStore`.
 *
 * @throws {BunkerOptionsError} listing all invalid options
 */
export function readRedisOptions(options: unknown): RedisResolved {
  return allProblemsAtOnce((report) => {
    const read = readOptions(redisTable, options, "", report);
    const { url, client } = (options ?? {}) as RedisStoreOptions;
    const refuse = (path: string, value: unknown, allowed: string): void => report({ path, value, allowed });
    if ((url === undefined) === (client === undefined))
      refuse("url", url === undefined ? undefined : "(hidden)", "one of url and client");
    if (read.bunkerwebCounters && !read.bunkerweb)
      refuse("bunkerwebCounters", true, "true only with bunkerweb: true");
    const { client: used } = read;
    if (used === undefined) return read;
    const { keyPrefix = "" } = (used as { options?: { keyPrefix?: unknown } }).options ?? {};
    if (keyPrefix !== "")
      refuse("client", "a client with keyPrefix", "a client without one; give the store a prefix instead");
    const byIoredis = isIoredis(used);
    const isCluster = byIoredis ? used.isCluster === true : "nodeClient" in used;
    if (read.bunkerweb && isCluster)
      refuse("bunkerweb", true, "false on a Cluster, which BunkerWeb does not support");
    if (read.bunkerweb && !byIoredis && "getMasterNode" in used)
      refuse("bunkerweb", true, "false with node-redis's Sentinel client; use ioredis instead");
    return read;
  });
}
