/* eslint-disable @typescript-eslint/no-require-imports -- most apps have no settings, so what reads them is loaded with the first call */
import type { BunkerOptions } from "../bunker/bunker.js";
import type * as DescribeModule from "./describe-settings.js";
import type { SettingDescription } from "./describe-settings.js";
import type * as ExplainModule from "./explain-settings.js";
import type { SettingsExplanation } from "./explain-settings.js";
import type * as LoadModule from "./load-settings.js";
import type { LoadSettingsOptions } from "./load-settings.js";
import type { SettingsSource } from "./settings-source.js";

export type { LoadSettingsOptions } from "./load-settings.js";
export type { SettingDescription } from "./describe-settings.js";
export type { EffectiveSetting, SettingsExplanation } from "./explain-settings.js";
export { BunkerSettingsError, type SettingProblem } from "./settings-error.js";
export type { SettingsSource } from "./settings-source.js";
export type { RedisAccess } from "./redis-store-of.js";
export type { SettingPart } from "./setting.js";

/**
 * Reads BunkerWeb's settings into the options of `bunker()`.
 *
 * @param source `process.env`, an object, or the path of a `.yml`, `.yaml`, `.json`, `.env` or `variables.env` file
 * @throws {BunkerSettingsError} `ERR_BUNKER_SETTINGS` with every wrong setting
 * @throws {Error} `ERR_BUNKER_PACKAGE` when a file takes `yaml` or `dotenv`, or Redis a client, that is not installed
 * @example app.use(bunker(loadSettings(process.env)));
 */
export function loadSettings(source: SettingsSource, options: LoadSettingsOptions = {}): BunkerOptions {
  return (require("./load-settings.js") as typeof LoadModule).loadSettings(source, options);
}

/** Every setting, in the order of the docs. */
export function describeSettings(): SettingDescription[] {
  return (require("./describe-settings.js") as typeof DescribeModule).describeSettings();
}

/**
 * Every setting's value and where it came from, for all services and for each. Opens no connection.
 *
 * @throws {BunkerSettingsError} `ERR_BUNKER_SETTINGS` with every wrong setting
 */
export function explainSettings(source: SettingsSource): SettingsExplanation {
  return (require("./explain-settings.js") as typeof ExplainModule).explainSettings(source);
}
