import { loadPackage } from "../optional-package.js";
import type { RedisStoreOptions } from "../redis/redis-options.js";
import { RedisStore } from "../redis/redis-store.js";
import type { Store } from "../store/store.js";
import { words } from "./setting-text.js";
import type { SettingProblem } from "./settings-error.js";
import type { SettingInputs } from "./settings-reading.js";

/** Redis as settings describe it: what a store of one's own needs to know. */
export interface RedisAccess {
  /** Without Sentinels: `redis://…` or `rediss://…`, user and password included. */
  readonly url: string | undefined;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  readonly master: string | undefined;
  readonly sentinelUsername: string | undefined;
  readonly sentinelPassword: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** Speak TLS. */
  readonly tls: boolean;
  /** Check the certificate. */
  readonly verify: boolean;
  /** How long one call may take, in ms, at most 900. */
  readonly timeout: number;
}

const SENTINEL_PORT = 26_379;
const MAX_CALL_MS = 900;

export function checkRedis(inputs: SettingInputs, report: (problem: SettingProblem) => void): void {
  const use = inputs.get("USE_REDIS");
  if (use?.text !== "yes") return;
  const missing = (setting: string, rule: string): void =>
    report({ setting, value: undefined, rule, from: use.from });
  const sentinels = words(textIn(inputs, "REDIS_SENTINEL_HOSTS") ?? "");
  if (sentinels.length === 0 && textIn(inputs, "REDIS_HOST") === undefined)
    missing("REDIS_HOST", "where Redis is, or REDIS_SENTINEL_HOSTS: USE_REDIS is yes");
  if (sentinels.length > 0 && textIn(inputs, "REDIS_SENTINEL_MASTER") === undefined)
    missing("REDIS_SENTINEL_MASTER", "the master's name, which the Sentinels are asked for");
}

/** Returns how to reach Redis; `undefined` without USE_REDIS. */
export function redisAccess(inputs: SettingInputs): RedisAccess | undefined {
  if (inputs.get("USE_REDIS")?.text !== "yes") return undefined;
  const sentinels = words(textIn(inputs, "REDIS_SENTINEL_HOSTS") ?? "").map(sentinelOf);
  const access = {
    sentinels,
    master: textIn(inputs, "REDIS_SENTINEL_MASTER"),
    sentinelUsername: textIn(inputs, "REDIS_SENTINEL_USERNAME"),
    sentinelPassword: textIn(inputs, "REDIS_SENTINEL_PASSWORD"),
    username: textIn(inputs, "REDIS_USERNAME"),
    password: textIn(inputs, "REDIS_PASSWORD"),
    database: Number(textIn(inputs, "REDIS_DATABASE") ?? 0),
    tls: textIn(inputs, "REDIS_SSL") === "yes",
    verify: textIn(inputs, "REDIS_SSL_VERIFY") !== "no",
    timeout: Math.min(MAX_CALL_MS, Number(textIn(inputs, "REDIS_TIMEOUT") ?? MAX_CALL_MS)),
  };
  return { ...access, url: sentinels.length > 0 ? undefined : urlOf(inputs, access) };
}

/** Returns a store on that Redis that shares bans with BunkerWeb. Throws `ERR_BUNKER_PACKAGE` when no client is installed. */
export function redisStoreOf(
  access: RedisAccess,
  options: Pick<RedisStoreOptions, "fallback" | "logger"> = {},
): Store {
  const { url, timeout } = access;
  if (url !== undefined && (access.verify || !access.tls))
    return new RedisStore({ ...options, url, timeout, bunkerweb: true });
  const client = ioredisClient(access);
  const store = new RedisStore({ ...options, client, timeout, bunkerweb: true });
  const close = store.close.bind(store);
  // The store does not close clients that it is given, and nothing else uses this one.
  store.close = () => {
    close();
    client.disconnect();
  };
  return store;
}

type IoredisLike = { disconnect(): void; on(event: "error", listener: () => void): void };

function ioredisClient(access: RedisAccess): IoredisLike {
  const { Redis } = loadPackage(
    "ioredis",
    "Redis behind Sentinels, or with a certificate that is not checked,",
  ) as { Redis: new (options: object) => IoredisLike };
  const tls = access.tls ? { tls: { rejectUnauthorized: access.verify } } : {};
  const url = access.url === undefined ? undefined : new URL(access.url);
  const where =
    url === undefined
      ? {
          sentinels: access.sentinels,
          name: access.master,
          sentinelUsername: access.sentinelUsername,
          sentinelPassword: access.sentinelPassword,
        }
      : { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port === "" ? 6379 : url.port) };
  const client = new Redis({
    ...where,
    ...tls,
    username: access.username,
    password: access.password,
    db: access.database,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt: number) => Math.min(1000, 50 * 2 ** Math.min(attempt, 10)),
  });
  // The store logs outages; an error event without a listener would end the process.
  client.on("error", () => undefined);
  return client;
}

function urlOf(
  inputs: SettingInputs,
  { tls, username, password, database }: Pick<RedisAccess, "tls" | "username" | "password" | "database">,
): string {
  const host = textIn(inputs, "REDIS_HOST") ?? "";
  const bare = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const port = textIn(inputs, "REDIS_PORT") ?? "6379";
  const credentials =
    username === undefined && password === undefined
      ? ""
      : `${encodeURIComponent(username ?? "")}:${encodeURIComponent(password ?? "")}@`;
  return `${tls ? "rediss" : "redis"}://${credentials}${bare}:${port}/${database}`;
}

function sentinelOf(text: string): { host: string; port: number } {
  const [, host, port] = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text) as unknown as [string, string, string?];
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port ?? SENTINEL_PORT) };
}

function textIn(inputs: SettingInputs, name: string): string | undefined {
  const text = inputs.get(name)?.text;
  return text === "" ? undefined : text;
}
