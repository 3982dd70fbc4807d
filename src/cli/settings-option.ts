import type { BunkerOptions } from "../bunker/bunker.js";
import { loadSettings } from "../settings/load-settings.js";
import { redisStoreOf, type RedisAccess } from "../settings/redis-store-of.js";
import type { SettingsSource } from "../settings/settings-source.js";
import type { Store } from "../store/store.js";
import type { Args, CommandOption } from "./command.js";

export const SETTINGS_OPTION: CommandOption = {
  name: "settings",
  value: "FILE",
  help: "settings: .env, .yml, .json or variables.env (default: the environment)",
};

export function settingsSource(args: Args): SettingsSource {
  return args.value("settings") ?? args.env;
}

/** What the settings amount to. Connects to nothing: the store is left out, and what it would be is told apart. */
export function optionsFromSettings(
  args: Args,
  source: SettingsSource = settingsSource(args),
): {
  readonly options: BunkerOptions;
  readonly redis: RedisAccess | undefined;
} {
  let redis: RedisAccess | undefined;
  const options = loadSettings(source, {
    logger: false,
    createStore(access) {
      redis = access;
      return {} as Store;
    },
  });
  return { options: { ...options, store: undefined }, redis };
}

/** The store that settings describe; it fails where an app's would go on by itself. */
export function storeOf(access: RedisAccess): Store {
  return redisStoreOf(access, { fallback: false, logger: false });
}
