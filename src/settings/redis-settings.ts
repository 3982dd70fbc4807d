import { check, flag, integer, list, text } from "../options/check.js";
import type { OptionSpec } from "../options/table.js";

const host = text("a host name or address", /^[A-Za-z0-9._:[\]-]{0,253}$/);
const credential = text("a text", /^[^\0\r\n]{0,2048}$/);
const hosts = list(
  check("host or host:port", (value) =>
    typeof value === "string" &&
    /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?$/.test(value) &&
    Number(/:(\d+)$/.exec(value.replace(/^\[.*\]/, ""))?.[1] ?? 1) <= 65_535
      ? value
      : undefined,
  ),
);

type RedisSetting = OptionSpec<unknown> & { readonly setting: string };

const setting = (
  name: string,
  spec: Pick<OptionSpec<unknown>, "check" | "default" | "help" | "secret">,
): RedisSetting => ({
  setting: name,
  context: "global",
  ...spec,
});

/** BunkerWeb's settings of Redis: together they make the `store`. */
export const redisSettings: readonly RedisSetting[] = [
  setting("USE_REDIS", { check: flag(), default: false, help: "Keeps bans and all else in Redis." }),
  setting("REDIS_HOST", { check: host, default: "", help: "Where Redis is." }),
  setting("REDIS_PORT", { check: integer(1, 65_535), default: 6379, help: "Its port." }),
  setting("REDIS_DATABASE", { check: integer(0, 65_535), default: 0, help: "The database's number." }),
  setting("REDIS_SSL", { check: flag(), default: false, help: "Speaks TLS with Redis." }),
  setting("REDIS_SSL_VERIFY", {
    check: flag(),
    default: true,
    help: "Checks Redis's certificate; BunkerWeb does not unless it is told to, here only a no stops it.",
  }),
  setting("REDIS_TIMEOUT", {
    check: integer(1, 3_600_000, "milliseconds"),
    default: 1000,
    help: "How long one call may take; 900 is the most that is used.",
  }),
  setting("REDIS_USERNAME", { check: credential, default: "", help: "The user." }),
  setting("REDIS_PASSWORD", { check: credential, default: "", secret: true, help: "The user's password." }),
  setting("REDIS_SENTINEL_HOSTS", {
    check: hosts,
    default: () => [],
    help: "The Sentinels that know the master; their port is 26379 unless it is given.",
  }),
  setting("REDIS_SENTINEL_USERNAME", { check: credential, default: "", help: "The Sentinels' user." }),
  setting("REDIS_SENTINEL_PASSWORD", {
    check: credential,
    default: "",
    secret: true,
    help: "The Sentinels' password.",
  }),
  setting("REDIS_SENTINEL_MASTER", { check: credential, default: "", help: "The master's name." }),
  setting("REDIS_KEEPALIVE_IDLE", {
    check: integer(0, 86_400_000, "milliseconds"),
    default: 30_000,
    help: "Taken for BunkerWeb's sake; connections here stay open.",
  }),
  setting("REDIS_KEEPALIVE_POOL", {
    check: integer(0, 1_000_000),
    default: 10,
    help: "Taken for BunkerWeb's sake; there is one connection to ask and one to listen.",
  }),
];
