import { check, flag, integer, list, text } from "../options/check.js";
import type { OptionSpec } from "../options/table.js";

const host = text("a host name or address", /^[A-Za-z0-9._:[\]-]{0,253}$/);
const credential = text("a text", /^[^\0\r\n]{0,2048}$/);
const hosts = list(
  check("a host or host:port", (value) =>
    typeof value === "string" &&
    /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?$/.test(value) &&
    Number(/:(\d+)$/.exec(value.replace(/^\[.*\]/, ""))?.[1] ?? 1) <= 65_535
      ? value
      : undefined,
  ),
);

type RedisSetting = OptionSpec<unknown> & { readonly setting: string };

function setting(
  name: string,
  spec: Pick<OptionSpec<unknown>, "check" | "default" | "help" | "secret">,
): RedisSetting {
  return { setting: name, context: "global", ...spec };
}

/** BunkerWeb's settings of Redis: together they make the `store`. */
export const redisSettings: readonly RedisSetting[] = [
  setting("USE_REDIS", { check: flag(), default: false, help: "Keeps bans, counters and caches in Redis." }),
  setting("REDIS_HOST", { check: host, default: "", help: "The host name or address of Redis." }),
  setting("REDIS_PORT", { check: integer(1, 65_535), default: 6379, help: "The port of Redis." }),
  setting("REDIS_DATABASE", { check: integer(0, 65_535), default: 0, help: "The number of the database." }),
  setting("REDIS_SSL", { check: flag(), default: false, help: "Connects to Redis over TLS." }),
  setting("REDIS_SSL_VERIFY", {
    check: flag(),
    default: true,
    help: "Checks the certificate of Redis; unlike in BunkerWeb, on by default.",
  }),
  setting("REDIS_TIMEOUT", {
    check: integer(1, 3_600_000, "milliseconds"),
    default: 1000,
    help: "The timeout of one call; values above 900 count as 900.",
  }),
  setting("REDIS_USERNAME", { check: credential, default: "", help: "The user name for Redis." }),
  setting("REDIS_PASSWORD", {
    check: credential,
    default: "",
    secret: true,
    help: "The password for Redis.",
  }),
  setting("REDIS_SENTINEL_HOSTS", {
    check: hosts,
    default: () => [],
    help: "The Sentinels; their default port is 26379.",
  }),
  setting("REDIS_SENTINEL_USERNAME", {
    check: credential,
    default: "",
    help: "The user name for the Sentinels.",
  }),
  setting("REDIS_SENTINEL_PASSWORD", {
    check: credential,
    default: "",
    secret: true,
    help: "The password for the Sentinels.",
  }),
  setting("REDIS_SENTINEL_MASTER", {
    check: credential,
    default: "",
    help: "The name of the master that the Sentinels watch.",
  }),
  setting("REDIS_KEEPALIVE_IDLE", {
    check: integer(0, 86_400_000, "milliseconds"),
    default: 30_000,
    help: "Has no effect and is accepted for compatibility: connections stay open.",
  }),
  setting("REDIS_KEEPALIVE_POOL", {
    check: integer(0, 1_000_000),
    default: 10,
    help: "Has no effect and is accepted for compatibility: there are always two connections.",
  }),
];
