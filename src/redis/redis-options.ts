import type { Logger } from "../events/event-bus.js";
import { check, decimal, flag, integer, text, type ReportProblem } from "../options/check.js";
import { allProblemsAtOnce, group, readOptions, type OptionsTable } from "../options/table.js";
import type { Namespace } from "../store/store.js";
import { isIoredis } from "./clients/ioredis.js";
import { isNodeRedis } from "./clients/node-redis.js";

/** How a `RedisStore` is set up: with a `url` or a `client`. */
export interface RedisStoreOptions {
  /**
   * `redis://[[user][:password]@]host[:port][/database]`, `rediss://` for TLS. The store opens connections of its own with
   * whichever of the packages `redis` and `ioredis` is installed, and closes them with `close()`.
   */
  url?: string;
  /**
   * A client of `redis` (node-redis) 5 or 6 or of `ioredis` 5 or 6, connected or connecting: for one server, Sentinel or
   * Cluster. It is not closed by `close()`. A second connection that listens is made from it.
   */
  client?: object;
  /** What the store's keys and channels start with, without braces. Default `"bunker:"`. */
  prefix?: string;
  /** How long one call may take, in ms: 1–900. Default 100. */
  timeout?: number;
  /**
   * What a call does while Redis is away: `true` = counts, spends and bans in this process and writes bans later; `false` =
   * fails, so that requests follow `onStoreError`. Default `true`.
   */
  fallback?: boolean;
  /**
   * Keeps bans of single addresses under BunkerWeb's keys and hears of those that BunkerWeb writes: an app and a
   * BunkerWeb fleet on the same database share bans. Not on a Cluster. Default `false`.
   */
  bunkerweb?: boolean;
  /**
   * Adds bad answers to BunkerWeb's counters, too, and counts what it has counted: with `bunkerweb`, for IPv4 clients. Default
   * `false`.
   */
  bunkerwebCounters?: boolean;
  /** How many keys of a kind there may be at most; the soonest to expire goes, spent ids are refused. Default 2 000 000 each. */
  maxKeys?: { readonly [N in "spent" | "hit" | "cache"]?: number };
  /** Where the two lines of an outage go; `false` = nowhere. Default: the console. */
  logger?: Logger | false;
}

/** {@link RedisStoreOptions} read and checked. */
export interface RedisResolved {
  url: string | undefined;
  client: object | undefined;
  prefix: string;
  timeout: number;
  fallback: boolean;
  bunkerweb: boolean;
  bunkerwebCounters: boolean;
  maxKeys: Record<"spent" | "hit" | "cache", number>;
  logger: Logger | false;
}

const budget = (what: string): { check: ReturnType<typeof integer>; default: number; help: string } => ({
  check: integer(1000, 1_000_000_000),
  default: 2_000_000,
  help: `How many ${what} keys there may be.`,
});

const budgetsTable: OptionsTable<RedisResolved["maxKeys"]> = {
  spent: budget("spent"),
  hit: budget("hit"),
  cache: budget("cache"),
};

const clientCheck = check<object>("a client of redis (5, 6) or ioredis (5, 6)", (value) =>
  typeof value === "object" && value !== null && (isIoredis(value) || isNodeRedis(value)) ? value : undefined,
);

const loggerCheck = check<Logger | false>("a console-shaped logger with info and warn, or false", (value) => {
  if (value === false) return value;
  const { info, warn } = (value ?? {}) as Partial<Logger>;
  return typeof info === "function" && typeof warn === "function" ? (value as Logger) : undefined;
});

/** The options of a `RedisStore`. */
export const redisTable: OptionsTable<RedisResolved> = {
  url: {
    check: text("redis://… or rediss://…", /^rediss?:\/\/[^\s]+$/),
    default: undefined,
    help: "Where Redis is.",
    secret: true,
  },
  client: { check: clientCheck, default: undefined, help: "A client of the app's own." },
  prefix: {
    check: text("a text of up to 64 characters without braces or white space", /^[^{}\s]{0,64}$/),
    default: "bunker:",
    help: "What keys and channels start with.",
  },
  timeout: { check: decimal(1, 900), default: 100, help: "How long one call may take, in ms." },
  fallback: { check: flag(), default: true, help: "Goes on in this process while Redis is away." },
  bunkerweb: { check: flag(), default: false, help: "Shares bans with BunkerWeb." },
  bunkerwebCounters: { check: flag(), default: false, help: "Counts bad answers together with BunkerWeb." },
  maxKeys: {
    check: group(budgetsTable),
    default: () => readOptions(budgetsTable, {}, "", () => undefined),
    help: "How many keys of a kind there may be.",
  },
  logger: { check: loggerCheck, default: () => console, help: "Where the lines of an outage go." },
};

/**
 * Reads the options of a `RedisStore`.
 *
 * @throws {BunkerOptionsError} listing all that is wrong with them
 */
export function readRedisOptions(options: unknown): RedisResolved {
  return allProblemsAtOnce((report) => {
    const read = readOptions(redisTable, options, "", report);
    const given = (options ?? {}) as RedisStoreOptions;
    if ((given.url === undefined) === (given.client === undefined))
      report({
        path: "url",
        value: given.url === undefined ? undefined : "(hidden)",
        allowed: "one of url and client",
      });
    if (read.bunkerwebCounters && !read.bunkerweb)
      report({ path: "bunkerwebCounters", value: true, allowed: "true only with bunkerweb: true" });
    if (read.client !== undefined) checkClient(read.client, read.bunkerweb, report);
    return read;
  });
}

function checkClient(client: object, bunkerweb: boolean, report: ReportProblem): void {
  const { options } = client as { options?: { keyPrefix?: unknown } };
  if (options?.keyPrefix !== undefined && options.keyPrefix !== "") {
    report({
      path: "client",
      value: "a client with keyPrefix",
      allowed: "a client without one; give the store a prefix instead",
    });
  }
  if (!bunkerweb) return;
  const cluster = isIoredis(client) ? client.isCluster === true : "nodeClient" in client;
  const sentinel = !isIoredis(client) && "getMasterNode" in client;
  if (cluster)
    report({ path: "bunkerweb", value: true, allowed: "false on a Cluster, which BunkerWeb has none of" });
  if (sentinel)
    report({
      path: "bunkerweb",
      value: true,
      allowed: "false with node-redis's Sentinel client; take ioredis",
    });
}

/** The most keys of a namespace in one of its indexes; 0 = any number. */
export function budgetOf(setup: RedisResolved, namespace: Namespace, buckets: number): number {
  return namespace === "ban" || namespace === "state" ? 0 : Math.ceil(setup.maxKeys[namespace] / buckets);
}
