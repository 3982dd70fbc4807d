import { existsSync } from "node:fs";
import { askControl } from "../control/ask-control.js";
import { DEFAULT_PATH, defaultPath } from "../control/options.js";
import { RedisStore } from "../redis/index.js";
import type { Store } from "../store/store.js";
import type { Args, CommandOption } from "./command.js";
import { CliError, EXIT, UsageError } from "./exit-code.js";
import { optionsFromSettings, SETTINGS_OPTION, storeOf } from "./settings-option.js";
import { StoreTarget, type Target } from "./store-target.js";

export const CONTROL_OPTION: CommandOption = {
  name: "control",
  value: "PATH",
  help: "asks the running app with this control socket",
};

export const TARGET_OPTIONS: readonly CommandOption[] = [
  CONTROL_OPTION,
  { name: "redis", value: "URL", help: "asks this Redis: redis://[[user]:password@]host[:port][/database]" },
  { name: "prefix", value: "TEXT", help: 'the prefix of its keys (default: "bunker:")' },
  { name: "bunkerweb", help: "its bans are stored under BunkerWeb's keys" },
  SETTINGS_OPTION,
];

export const TARGET_NOTES: readonly string[] = [
  "The target is what --control or --redis names; else the socket that EXPRESS_BUNKER_CONTROL names; else the Redis of the settings (USE_REDIS=yes); else the socket ./.express-bunker.sock.",
];

/** Redis may take this long to respond at first. */
const REDIS_TIMEOUT_MS = 8000;

/** Finds the target, runs `use` with it, and closes it. */
export async function withTarget<T>(
  args: Args,
  use: (target: Target) => Promise<T>,
  kind: "app" | "app or Redis" = "app or Redis",
): Promise<T> {
  const target = await findTarget(args);
  if (target === undefined) {
    const socket = `  --control PATH   the socket that bunker().control({ path }) opened (./${DEFAULT_PATH} does not exist)`;
    const lines = [
      "no running app and no Redis is named",
      socket,
      "  --redis URL      the Redis that the apps share",
      "  USE_REDIS=yes and REDIS_HOST, in the environment or in --settings FILE",
    ];
    throw new CliError(
      (kind === "app" ? ["no running app is named", socket] : lines).join("\n"),
      EXIT.unreachable,
    );
  }
  try {
    return await use(target);
  } finally {
    await target.close();
  }
}

/** The target that the command line, the environment and the settings name; `undefined` when they name none. */
export async function findTarget(args: Args): Promise<Target | undefined> {
  const control = args.value("control");
  const url = args.value("redis");
  if (control !== undefined && url !== undefined) throw new UsageError("give one of --control and --redis");
  if (url === undefined && (args.has("prefix") || args.has("bunkerweb")))
    throw new UsageError("--prefix and --bunkerweb go with --redis");
  if (url !== undefined) return redisTarget(url, args);
  if (control !== undefined || (args.env["EXPRESS_BUNKER_CONTROL"] ?? "") !== "")
    return controlTarget(control ?? defaultPath(args.env));
  const { redis } = optionsFromSettings(args);
  if (redis !== undefined) return connected(storeOf(redis), redisName(redis.url), args);
  return existsSync(DEFAULT_PATH) ? controlTarget(DEFAULT_PATH) : undefined;
}

function controlTarget(path: string): Target {
  return {
    where: path,
    ask: (request) => askControl(path, request),
    close: () => Promise.resolve(),
  };
}

function redisTarget(url: string, args: Args): Promise<Target> {
  if (!/^rediss?:\/\/\S+$/.test(url) || !URL.canParse(url))
    throw new UsageError("--redis takes redis://host[:port][/database] or rediss://…");
  const store = new RedisStore({
    url,
    prefix: args.value("prefix"),
    bunkerweb: args.has("bunkerweb"),
    timeout: 900,
    fallback: false,
    logger: false,
  });
  return connected(store, redisName(url), args);
}

async function connected(store: Store, where: string, args: Args): Promise<Target> {
  const { ready } = store as { ready?: () => Promise<void> };
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    const error = new CliError(`${where} does not respond`, EXIT.unreachable);
    timer = setTimeout(() => reject(error), REDIS_TIMEOUT_MS);
  });
  try {
    await Promise.race([ready?.call(store), timeout]);
    return new StoreTarget(store, where, args);
  } catch (error) {
    await store.close?.();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

// Never with the password.
function redisName(url: string | undefined): string {
  return url === undefined ? "Redis behind its Sentinels" : `Redis at ${new URL(url).host}`;
}
