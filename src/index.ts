export { bunker, type Bunker, type BunkerOptions } from "./bunker.js";
export type { ServiceOptions } from "./service-options.js";
export {
  antibot,
  type Antibot,
  type AntibotOptions,
  type AntibotParts,
  type BotName,
  type GeoLookup,
  type GeoOptions,
  type IgnoreCookie,
  type LookupOptions,
  type SessionOptions,
} from "./antibot/index.js";
export type {
  ChallengeKind,
  ChallengeOption,
  ChallengePage,
  ChallengeStep,
  Fields,
  Issued,
  KindName,
  Visit,
} from "./antibot/index.js";
export {
  badBehavior,
  type BadBehavior,
  type BadBehaviorOptions,
  type Evidence,
  type Weight,
} from "./bad-behavior/index.js";
export {
  dnsbl,
  type CacheTtl,
  type Dnsbl,
  type DnsblCheck,
  type DnsblOptions,
  type DnsblParts,
  type DnsblStatus,
  type ZoneStatus,
} from "./dnsbl/index.js";
export {
  bunkernet,
  type Bunkernet,
  type BunkernetOptions,
  type BunkernetParts,
  type BunkernetStatus,
} from "./bunkernet/index.js";
export {
  BunkerSettingsError,
  describeSettings,
  explainSettings,
  loadSettings,
  optionsToSettings,
  type EffectiveSetting,
  type LoadSettingsOptions,
  type OptionsToSettingsOptions,
  type SettingDescription,
  type SettingProblem,
  type SettingsExplanation,
  type SettingsSource,
} from "./settings/index.js";
export { ControlSocketError, type Control, type ControlOptions } from "./control/index.js";
export { BanList, type BanListOptions, type BanOptions } from "./core/bans/ban-list.js";
export type { Ban } from "./core/bans/ban.js";
export {
  BunkerBanError,
  BunkerHookError,
  BunkerOptionsError,
  StoreFailure,
  type OptionProblem,
} from "./core/errors.js";
export type { Health, Middleware, Running } from "./core/engine.js";
export type {
  BunkerEvent,
  BunkerEventType,
  BunkerListener,
  BunkerListeners,
  Hub,
  Logger,
} from "./core/hub.js";
export type { ExplainedStep, Explanation, ImaginedRequest } from "./core/explain.js";
export type { GuardOptions } from "./stream/guard-server.js";
export type { BunkerRequest, PassInfo, RequestBan } from "./core/request-view.js";
export type { DenyInfo, DenyOptions, SharedOptions } from "./core/shared-options.js";
export type { DnsResolver, ResolverOption } from "./core/dns/resolver-option.js";
export type { ListStatus } from "./core/lists/address-list.js";
export type { TrustFunction, TrustProxy } from "./core/trust.js";
export type { Challenge, Deny, Pass, Verdict } from "./core/verdict.js";
export type { Client } from "./core/client.js";
export type { PageTheme } from "./pages/theme.js";
export type { PageTexts } from "./pages/texts.js";
export {
  defaultStore,
  MemoryStore,
  StoreFullError,
  type Awaitable,
  type HitOptions,
  type Hits,
  type Namespace,
  type Store,
  type StoreChange,
} from "./store/index.js";
export { SessionStore, type SessionStoreOptions, type StoredSession } from "./store/session-store.js";
