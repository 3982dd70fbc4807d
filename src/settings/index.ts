export { loadSettings, type LoadSettingsOptions } from "./load-settings.js";
export { describeSettings, type SettingDescription } from "./describe-settings.js";
export { explainSettings, type EffectiveSetting, type SettingsExplanation } from "./explain-settings.js";
export { BunkerSettingsError, type SettingProblem } from "./settings-error.js";
export type { SettingsSource } from "./settings-source.js";
export type { RedisAccess } from "./redis-store-of.js";
export type { SettingPart } from "./setting.js";
