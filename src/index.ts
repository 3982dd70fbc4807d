export { bunker, type Bunker, type BunkerOptions } from "./bunker/bunker.js";
export type { ServiceOptions } from "./bunker/service-options.js";
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
  type EffectiveSetting,
  type LoadSettingsOptions,
  type SettingDescription,
  type SettingProblem,
  type SettingsExplanation,
  type SettingsSource,
} from "./settings/index.js";
export type { Control, ControlOptions } from "./control/index.js";
export { ControlSocketError } from "./control/socket-file.js";
export { BanList, type BanListOptions, type BanOptions } from "./bans/ban-list.js";
export type { Ban } from "./bans/ban.js";
export {
  BunkerBanError,
  BunkerHookError,
  BunkerOptionsError,
  StoreFailure,
  type OptionProblem,
} from "./errors.js";
export type { Health, Middleware, Running } from "./engine/engine.js";
export type {
  BunkerEvent,
  BunkerEventType,
  BunkerListener,
  BunkerListeners,
  EventBus as Hub,
} from "./events/event-bus.js";
export type { ActiveWarning, WarningData, WarningLevel } from "./events/active-warnings.js";
export type { AlertKind, AlertOptions } from "./alerts/options.js";
export type { Logger } from "./log/logger.js";
export type { ModeInForce, ModeOptions } from "./engine/switch-mode.js";
export type { ExplainedStep, Explanation, ImaginedRequest } from "./engine/explain.js";
export type { GuardOptions } from "./connections/guard-server.js";
export type { BunkerRequest, PassInfo, RequestBan, RequestFailure } from "./request/request-view.js";
export type { DenyInfo, DenyOptions, SharedOptions } from "./engine/shared-options.js";
export type { DnsResolver, ResolverOption } from "./dns/resolver-option.js";
export type { ListStatus } from "./lists/address-list.js";
export type { TrustFunction, TrustProxy } from "./request/trust.js";
export type { Challenge, Deny, Pass, Verdict } from "./request/verdict.js";
export type { Client } from "./request/client.js";
export type { PageTheme } from "./pages/theme.js";
export type { PageTexts } from "./pages/languages/en.js";
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
  type TallyOptions,
} from "./store/index.js";
export { SessionStore, type SessionStoreOptions, type StoredSession } from "./store/session-store.js";
