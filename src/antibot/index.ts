export { antibot, type Antibot } from "./antibot.js";
export type { AntibotParts } from "./gate.js";
export type { AntibotOptions, SessionOptions } from "./options.js";
export type { Alternative, CaptchaOptions } from "./challenges/captcha/options.js";
export type { ChallengeOption, ChallengeStep, KindName } from "./challenge-policy.js";
export type { ChallengeKind, ChallengePage, Fields, Issued, Visit } from "./challenge.js";
export type {
  CapjsOptions,
  HcaptchaOptions,
  McaptchaOptions,
  ProviderOptions,
  ProviderPolicy,
  ProvidersOptions,
  RecaptchaOptions,
  ScriptProviderOptions,
  TurnstileOptions,
} from "./challenges/providers/options.js";
export type { GeoLookup } from "./lookups/geo-database.js";
export type { GeoOptions, IgnoreCookie, LookupOptions } from "./lookups/options.js";
export type { BotName } from "./lookups/verified-bots.js";
