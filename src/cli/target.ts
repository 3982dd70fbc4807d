import { existsSync } from "node:fs";
import { askControl } from "../control/ask-control.js";
import type { ControlRequest, ControlResults, Json, RequestOf } from "../control/messages.js";
import { defaultPath } from "../control/options.js";
import { RedisStore } from "../redis/index.js";
import type { Store } from "../store/store.js";
import type { CommandOption } from "./command.js";
import { CliError, EXIT, UsageError } from "./exit-code.js";
import type { Given } from "./arguments.js";
import { optionsFromSettings, SETTINGS_OPTION, storeOf } from "./settings-option.js";
import { StoreTarget } from "./store-target.js";
import { withTimeout } from "../with-timeout.js";

/** Whom a command asks: a running app, or what the apps keep in Redis. */
export interface Target {
  /** Its name, for people. */
  readonly where: string;
  /** Rejects with what went wrong. */
  ask<C extends ControlRequest["command"]>(request: RequestOf<C>): Promise<Json<ControlResults[C]>>;
  close(): Promise<void>;
}

/** The options that say whom to ask. */
export const TARGET_OPTIONS: readonly CommandOption[] = [
  { name: "control", value: "PATH", help: "asks the running app with this control socket" },
  { name: "redis", value: "URL", help: "asks this Redis: redis://[[user]:password@]host[:port][/database]" },
  { name: "prefix", value: "TEXT", help: 'what its keys start with (default: "bunker:")' },
  { name: "bunkerweb", help: "its bans are kept under BunkerWeb's keys" },
  SETTINGS_OPTION,
];

/** What help says about them. */
export const TARGET_NOTES: readonly string[] = [
  "Whom it asks: what --control or --redis names; else the socket that EXPRESS_BUNKER_CONTROL names; else the Redis of the settings (USE_REDIS=yes); else the socket ./.express-bunker.sock.",
];

/**
 * Whom the command line, the environment and the settings name.
 *
 * @throws {UsageError} when they contradict each other
 * @throws {CliError} when they name nobody, or Redis does not answer
 */
export async function findTarget(given: Given, command: string): Promise<Target> {
  const control = given.value("control");
  const url = given.value("redis");
  if (control !== undefined && url !== undefined)
    throw new UsageError("give one of --control and --redis", command);
  if (url === undefined && (given.has("prefix") || given.has("bunkerweb")))
    throw new UsageError("--prefix and --bunkerweb go with --redis", command);
  if (control !== undefined) return new ControlTarget(control);
  if (url !== undefined) return redisTarget(url, given, command);
  if ((given.env["EXPRESS_BUNKER_CONTROL"] ?? "") !== "") return new ControlTarget(defaultPath(given.env));
  const { redis } = optionsFromSettings(given);
  if (redis !== undefined) return reached(storeOf(redis), shownRedis(redis.url), given);
  const path = defaultPath({});
  if (existsSync(path)) return new ControlTarget(path);
  const socket = `  --control PATH   the socket that bunker().control({ path }) opened (there is no ./${path} here)`;
  const redisToo = [
    "there is nobody to ask: no running app and no Redis is named",
    socket,
    "  --redis URL      the Redis that the apps share",
    "  USE_REDIS=yes and REDIS_HOST, in the environment or in --settings FILE",
  ];
  // Health is known to the app alone.
  const lines = command === "health" ? ["there is nobody to ask: no running app is named", socket] : redisToo;
  throw new CliError(lines.join("\n"), EXIT.unreachable);
}

class ControlTarget implements Target {
  constructor(readonly where: string) {}

  ask<C extends ControlRequest["command"]>(request: RequestOf<C>): Promise<Json<ControlResults[C]>> {
    return askControl(this.where, request);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function redisTarget(url: string, given: Given, command: string): Promise<Target> {
  if (!/^rediss?:\/\/\S+$/.test(url) || !URL.canParse(url))
    throw new UsageError("--redis takes redis://host[:port][/database] or rediss://…", command);
  const store = new RedisStore({
    url,
    prefix: given.value("prefix"),
    bunkerweb: given.has("bunkerweb"),
    timeout: 900,
    fallback: false,
    logger: false,
  });
  return reached(store, shownRedis(url), given);
}

/** How long Redis may take to answer at first, in ms. */
const PATIENCE_MS = 8000;

async function reached(store: Store, where: string, given: Given): Promise<Target> {
  const { ready } = store as { ready?: () => Promise<void> };
  try {
    await withTimeout(Promise.resolve(ready?.call(store)), PATIENCE_MS, () => {
      throw new CliError(`${where} does not answer`, EXIT.unreachable);
    });
    return new StoreTarget(store, where, given);
  } catch (error) {
    await store.close?.();
    throw error;
  }
}

// Never with the password.
function shownRedis(url: string | undefined): string {
  return url === undefined ? "Redis behind its Sentinels" : `Redis at ${new URL(url).host}`;
}
