import type { BunkerOptions } from "../bunker/bunker.js";
import { Log } from "../log/log.js";
import type { Logger } from "../log/logger.js";
import { noteOrigins, type SettingOrigin } from "../options/settings-origin.js";
import type { Store } from "../store/store.js";
import { assemble } from "./assemble.js";
import { settingOf } from "./catalogue.js";
import { checkRedis, redisAccess, redisStoreOf, type RedisAccess } from "./redis-store-of.js";
import type { Setting } from "./setting.js";
import { BunkerSettingsError, shownText } from "./settings-error.js";
import { sortSettings, type SettingInput, type SettingsReading } from "./settings-reading.js";
import { readSource, type SettingsSource } from "./settings-source.js";

/** How {@link loadSettings} works. */
export interface LoadSettingsOptions {
  /** Where warnings go; `false` = nowhere. Default: the console. */
  logger?: Pick<Logger, "warn"> | false;
  /**
   * Makes the store when `USE_REDIS` is `yes`. Default: a `RedisStore` that shares bans with BunkerWeb; it connects at once,
   * and closing it is up to you.
   */
  createStore?: (redis: RedisAccess) => Store;
}

/** See `loadSettings` of index.ts. */
export function loadSettings(source: SettingsSource, options: LoadSettingsOptions = {}): BunkerOptions {
  const reading = readSettings(source);
  const { logger = console, createStore = redisStoreOf } = options;
  if (logger !== false)
    for (const warning of reading.warnings) Log.of(logger as Logger).warn("WRN_BUNKER_SETTINGS", warning);
  const loaded = assemble(reading);
  const redis = redisAccess(reading.common);
  const ready = redis === undefined ? loaded : { ...loaded, store: createStore(redis) };
  noteOrigins(ready as Readonly<Record<string, unknown>>, originsOf(reading));
  return ready;
}

// The settings of services are not among them: a service shows what it has of its own.
function originsOf({ common }: SettingsReading): ReadonlyMap<string, SettingOrigin> {
  return new Map(
    [...common].flatMap(([name, input]) => {
      const { option } = settingOf(name);
      return option === "" ? [] : [[option, { setting: input.name, from: input.from }] as const];
    }),
  );
}

/** @throws {BunkerSettingsError} `ERR_BUNKER_SETTINGS` with every wrong setting */
export function readSettings(source: SettingsSource): SettingsReading {
  const reading = sortSettings(readSource(source));
  const { problems } = reading;
  for (const inputs of [reading.common, ...reading.services.values()])
    for (const [name, input] of inputs) {
      const setting = settingOf(name);
      const rule = wrongIn(setting, input);
      if (rule === undefined) continue;
      problems.push({
        setting: input.name,
        value: shownText(input.text, setting.secret),
        rule,
        from: input.from,
      });
    }
  checkRedis(reading.common, (problem) => problems.push(problem));
  if (problems.length > 0) throw new BunkerSettingsError(problems);
  return reading;
}

// Returns what is allowed if the text is wrong.
function wrongIn(setting: Setting, { text }: SettingInput): string | undefined {
  // An empty text is "none" where that is the default; an empty DNSBL_LIST turns DNSBL off, as in BunkerWeb.
  if (text === "" && (setting.default === "" || setting.name === "DNSBL_LIST")) return undefined;
  if (setting.rule !== undefined && !setting.rule.test(text)) return setting.allowed;
  let wrong: string | undefined;
  const note = (allowed: string): void => {
    wrong ??= setting.check.allowed.includes(allowed) ? setting.allowed : `${setting.allowed} (${allowed})`;
  };
  const value = setting.check.read(setting.check.parse(text), setting.name, ({ allowed }) => note(allowed));
  if (value === undefined) note(setting.check.allowed);
  return wrong;
}
